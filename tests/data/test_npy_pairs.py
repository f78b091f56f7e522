from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.data import arrays, describe_dataset, load_dataset
from privsearch.data.dataset import fingerprint
from privsearch.errors import DataError, SpecError
from privsearch.spec import NpyDataset, NpzDataset
from privsearch.spec.sweep_file import read_sweep

X = np.random.default_rng(0).integers(256, size=(20, 1, 6, 5)).astype(np.uint8)
Y = np.arange(20) % 2


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of two arrays, twice."""
    for name, array in {"x": X, "y": Y, "test_x": X[:6], "test_y": Y[:6, None].astype(float)}.items():
        np.save(tmp_path / f"{name}.npy", array)
    return tmp_path


def pair(folder: Path, *, test: bool = False, **fields: Any) -> NpyDataset:
    """The dataset of a folder's files."""
    paths = {"path": "x.npy", "labels": "y.npy"} | (
        {"test_path": "test_x.npy", "test_labels": "test_y.npy"} if test else {}
    )
    return NpyDataset(name="mine", **{field: str(folder / path) for field, path in paths.items()} | fields)


@pytest.mark.parametrize("test", [False, True])
def test_a_pair_is_what_an_archive_is(files: Path, test: bool) -> None:
    """The same arrays are the same data, in whichever files."""
    split = {"x_train": X, "y_train": Y, "x_test": X[:6], "y_test": Y[:6]}
    np.savez(files / "both.npz", **(split if test else {"x": X, "y": Y}))
    raw = load_dataset(pair(files, test=test))
    assert fingerprint(raw) == fingerprint(load_dataset(NpzDataset(name="other", path=str(files / "both.npz"))))
    assert (raw.num_train, raw.num_test) == ((20, 6) if test else (16, 4))


def test_a_large_file_is_mapped_and_not_copied(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8-bit images with their channels first stay in the file that all processes share."""
    monkeypatch.setattr(arrays, "_MAPPED_FROM", 0)
    raw = load_dataset(pair(files, duplicates=None))
    base: Any = raw.x
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    np.testing.assert_array_equal(raw.x, X)


@pytest.mark.parametrize("name", ["x", "y", "test_x", "test_y"])
def test_any_changed_file_is_read_again(files: Path, name: str) -> None:
    """Each of them counts."""
    before = describe_dataset(pair(files, test=True)).fingerprint
    values = np.load(files / f"{name}.npy")
    (files / f"{name}.npy").unlink()
    np.save(files / f"{name}.npy", values[::-1])
    assert describe_dataset(pair(files, test=True)).fingerprint != before


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("y", Y[:9], r"x.npy: path and labels must hold one input .* \(20, 1, 6, 5\) and \(9,\). labels must have"),
        ("y", Y / 4, "y.npy: labels must be integers .* but got 0.25 at index 1"),
        ("x", X.astype(str), "x.npy: inputs must be numbers"),
        ("test_x", X[:6, :, :5], "x.npy: path and test_path must have one example shape"),
        ("test_y", Y[:6] + 1, "x.npy: every class in test_labels must occur in labels"),
        ("y", Y.astype(object), "y.npy: this must be a readable NPY file .*no Python objects.* numpy.save"),
    ],
)
def test_mistakes_name_the_file_and_the_field(files: Path, name: str, array: np.ndarray, message: str) -> None:
    """What must hold, where, in the words of the sweep file."""
    np.save(files / f"{name}.npy", array, allow_pickle=True)
    with pytest.raises(DataError, match=message):
        load_dataset(pair(files, test=True))


def test_a_missing_file_is_named(files: Path) -> None:
    """With the nearest that is there."""
    with pytest.raises(DataError, match=r"yy.npy: the path must lead to a file, .* Did you mean 'y.npy'\?"):
        load_dataset(pair(files, labels=str(files / "yy.npy")))


def test_paths_are_relative_to_the_sweep_file(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All four of them; the ending says what the files hold."""
    entry = "{name: mine, path: x.npy, labels: y.npy, test_path: test_x.npy, test_labels: test_y.npy}"
    (files / "sweep.yaml").write_text(f"name: s\ndatasets: [{entry}]\ngrids: {{g: {{model: [ann]}}}}\n")
    monkeypatch.chdir("/")
    assert read_sweep(files / "sweep.yaml").datasets == (pair(files, test=True),)


def test_half_a_test_split_is_refused() -> None:
    """Both of its files, or neither."""
    entry = {"name": "mine", "path": "x.npy", "labels": "y.npy", "test_path": "t.npy"}
    with pytest.raises(SpecError, match="needs test_path and test_labels, but test_labels is missing; write both"):
        read_sweep({"name": "s", "datasets": [entry], "grids": {"g": {"model": ["ann"]}}})
