import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data.dataset import describe_dataset, describe_raw, fingerprint, list_datasets, load_dataset
from privsearch.data.raw import RawDataset
from privsearch.errors import DataError
from privsearch.spec import DatasetName, EmbeddedName, HalvesProtocol, NpzDataset, PaperProtocol, TableDataset

TABLE = "x,y,label\n" + "1,2,a\n3,4,b\n" * 5
RAW = RawDataset(
    name="mine",
    source="here",
    x=np.arange(12, dtype=np.float32).reshape(6, 2),
    y=np.array([0, 1, 0, 1, 0, 1]),
    class_names=("a", "b"),
    test_x=np.ones((2, 2), dtype=np.float32),
    test_y=np.array([0, 1]),
)


def test_datasets_are_listed_with_their_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list holds the embedded datasets, split 80-20, and the image datasets, whose files are not here."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    listed = {
        info.name: (info.network, info.input_shape, info.num_classes, info.num_train, info.num_test)
        for info in list_datasets()
    }
    assert listed == {
        "iris": ("fcnet", (4,), 3, 120, 30),
        "breast_cancer": ("fcnet", (30,), 2, 455, 114),
        "digits": ("convnet", (1, 8, 8), 10, 1437, 360),
        "mnist": ("convnet", (1, 28, 28), 10, 60_000, 10_000),
        "fashion_mnist": ("convnet", (1, 28, 28), 10, 60_000, 10_000),
        "cifar10": ("convnet", (3, 32, 32), 10, 50_000, 10_000),
        "cifar100": ("convnet", (3, 32, 32), 100, 50_000, 10_000),
        "svhn": ("convnet", (3, 32, 32), 10, 73_257, 26_032),
        "kmnist": ("convnet", (1, 28, 28), 10, 60_000, 10_000),
        "emnist_letters": ("convnet", (1, 28, 28), 26, 124_800, 20_800),
        "emnist_balanced": ("convnet", (1, 28, 28), 47, 112_800, 18_800),
        "emnist_digits": ("convnet", (1, 28, 28), 10, 240_000, 40_000),
    }
    assert [info.source for info in list_datasets()] == ["in scikit-learn"] * 3 + ["not fetched"] * 9


def test_files_that_are_here_are_listed_so(tiny_mnist: Path) -> None:
    """An image dataset is 'here' once all its files are."""
    assert {info.name for info in list_datasets() if info.source == "here"} == {"mnist"}


def test_every_name_of_the_spec_has_a_source() -> None:
    """What a sweep file may name can be described, and the other way round."""
    assert tuple(info.name for info in list_datasets()) == get_args(DatasetName)


def test_files_are_described(tmp_path: Path) -> None:
    """A user's table and images are told apart, and name their path."""
    table, images = tmp_path / "table.csv", tmp_path / "images.npz"
    table.write_text(TABLE)
    y = np.arange(20) % 2
    np.savez(images, x_train=np.zeros((20, 5, 4, 3)), y_train=y, x_test=np.zeros((6, 5, 4, 3)), y_test=y[:6])
    info = describe_dataset(TableDataset(name="mine", path=str(table), label="label"))
    assert (info.name, info.network, info.input_shape, info.source) == ("mine", "fcnet", (2,), str(table))
    assert (info.num_classes, info.num_train, info.num_test) == (2, 8, 2)
    assert not info.has_own_test_split
    info = describe_dataset(NpzDataset(name="ours", path=str(images)))
    assert (info.name, info.network, info.input_shape, info.source) == ("ours", "convnet", (3, 5, 4), str(images))
    assert (info.num_classes, info.num_train, info.num_test) == (2, 20, 6)
    assert info.has_own_test_split


def test_blind_baselines_are_needed_for_splits_that_are_taken_as_given() -> None:
    """Under paper, and of data that have a test split of their own."""
    assert describe_dataset("mnist").needs_blind_baselines(PaperProtocol())
    assert not describe_dataset("mnist").needs_blind_baselines(HalvesProtocol())
    assert not describe_dataset("iris").needs_blind_baselines(PaperProtocol())


def test_an_edited_file_is_described_anew(tmp_path: Path) -> None:
    """A description is kept only as long as the file is the one that was read."""
    path = tmp_path / "table.csv"
    dataset = TableDataset(name="mine", path=str(path), label="label")
    path.write_text(TABLE)
    first = describe_dataset(dataset)
    assert describe_dataset(dataset) is first
    path.write_text(TABLE.replace("1,2", "1,5"))
    os.utime(path, ns=(0, 0))
    assert describe_dataset(dataset).fingerprint != first.fingerprint
    path.unlink()
    with pytest.raises(DataError, match="must lead to a file"):
        describe_dataset(dataset)


def test_fingerprint_depends_on_content_alone(tmp_path: Path) -> None:
    """The same data under another name, path or format have the same fingerprint."""
    (tmp_path / "one.csv").write_text(TABLE)
    (tmp_path / "two.csv").write_text(TABLE)
    np.savez(tmp_path / "three.npz", x=np.array([[1, 2], [3, 4]] * 5), y=np.array(["a", "b"] * 5))
    one, two, three = (
        describe_dataset(TableDataset(name="one", path=str(tmp_path / "one.csv"), label="label")),
        describe_dataset(TableDataset(name="two", path=str(tmp_path / "two.csv"), label="label")),
        describe_dataset(NpzDataset(name="three", path=str(tmp_path / "three.npz"))),
    )
    assert one.fingerprint == two.fingerprint == three.fingerprint
    assert re.fullmatch("[0-9a-f]{64}", one.fingerprint)


@given(row=st.integers(0, 5), column=st.integers(0, 1), bit=st.integers(0, 31))
def test_fingerprint_sees_every_bit(row: int, column: int, bit: int) -> None:
    """Flipping any one bit of any one value changes the fingerprint."""
    x = RAW.x.copy()
    x.view(np.uint32)[row, column] ^= np.uint32(1 << bit)
    assert fingerprint(replace(RAW, x=x)) != fingerprint(RAW)


@pytest.mark.parametrize(
    "change",
    [
        {"y": RAW.y[::-1].copy()},
        {"class_names": ("a", "c")},
        {"class_names": ("ab", "")},
        {"x": RAW.x.reshape(6, 1, 2), "test_x": np.ones((2, 1, 2), dtype=np.float32)},
        {"test_x": np.zeros((2, 2), dtype=np.float32)},
        {"test_y": np.array([1, 0])},
        {"test_x": None, "test_y": None},
    ],
)
def test_fingerprint_covers_every_part(change: dict[str, object]) -> None:
    """Labels, class names, shapes and the test split all count."""
    assert fingerprint(replace(RAW, **change)) != fingerprint(RAW)


def test_fingerprint_ignores_the_order_in_memory() -> None:
    """Two equal arrays have one fingerprint, however they lie in memory."""
    assert fingerprint(replace(RAW, x=np.asfortranarray(RAW.x))) == fingerprint(RAW)


def test_fingerprints_of_the_embedded_datasets_are_fixed() -> None:
    """What identifies a finished trial must not drift from one release to the next."""
    assert {name: describe_dataset(name).fingerprint[:16] for name in get_args(EmbeddedName)} == {
        "iris": "9905bba7fded03f5",
        "breast_cancer": "301113494a09d799",
        "digits": "b6701249b5c0631b",
    }


def test_what_is_known_of_the_embedded_datasets_is_what_they_are() -> None:
    """A plan needs no data: shapes, sizes and fingerprints are written down, and are those of the data themselves."""
    for name in get_args(EmbeddedName):
        assert describe_dataset(name) == describe_raw(load_dataset(name))


def test_a_plan_does_not_wait_for_scikit_learn() -> None:
    """Describing what has a name imports no library that holds it."""
    code = (
        "import sys; from privsearch.data import describe_dataset\n"
        "print([describe_dataset(name).num_train for name in ('iris', 'digits')], 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[120, 1437] False"


def test_other_data_under_a_known_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of other data must not be recorded under the id of these."""
    other = replace(load_dataset("iris"), class_names=("a", "b", "c"))
    monkeypatch.setattr("privsearch.data.dataset.load_embedded", lambda name: other)
    with pytest.raises(DataError, match="iris: the data must be those that this version of privsearch knows"):
        load_dataset("iris")


def test_load_dataset_reads_each_kind(tmp_path: Path) -> None:
    """A name, a CSV and an NPZ each reach the loader made for them."""
    (tmp_path / "table.csv").write_text(TABLE)
    np.savez(tmp_path / "arrays.npz", x=RAW.x, y=RAW.y)
    assert load_dataset("iris").class_names[0] == "setosa"
    assert load_dataset(TableDataset(name="c", path=str(tmp_path / "table.csv"), label="label")).x.shape == (10, 2)
    assert load_dataset(NpzDataset(name="n", path=str(tmp_path / "arrays.npz"))).x.shape == (6, 2)
