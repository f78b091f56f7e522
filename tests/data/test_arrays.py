import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from privsearch.data.arrays import load_npz
from privsearch.data.dataset import describe_dataset, fingerprint
from privsearch.data.layout import SCALED
from privsearch.data.raw import RawDataset
from privsearch.data.splits import load_splits
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import NpzDataset, TableDataset

X = np.arange(30.0).reshape(10, 3)
Y = np.arange(10) % 2
IMAGES = np.zeros((10, 1, 4, 4))
SPLIT = {"x_train": X, "y_train": Y, "x_test": X[:4], "y_test": Y[:4]}


@pytest.fixture
def npz(tmp_path: Path) -> Callable[..., RawDataset]:
    """Write an NPZ file, from arrays or from bytes, and load it."""

    def load(content: bytes | None = None, *, drop: Any = (), colour: Any = None, **arrays: Any) -> RawDataset:
        path = tmp_path / "arrays.npz"
        if content is None:
            np.savez(path, **arrays)
        else:
            path.write_bytes(content)
        return load_npz(NpzDataset(name="mine", path=str(path), drop=drop, colour=colour))

    return load


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the user may not read is reported like a damaged one."""
    path = tmp_path / "arrays.npz"
    path.touch()

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    with pytest.raises(DataError, match=r"must be a readable NPZ archive, but: .*Permission denied"):
        load_npz(NpzDataset(name="mine", path=str(path)))


def test_npz_table(npz: Callable[..., RawDataset], tmp_path: Path) -> None:
    """Two axes make a table, whose values stay as they are."""
    raw = npz(x=X, y=Y)
    np.testing.assert_array_equal(raw.x, X.astype(np.float32), strict=True)
    np.testing.assert_array_equal(raw.y, Y.astype(np.int64), strict=True)
    assert (raw.name, raw.source) == ("mine", str(tmp_path / "arrays.npz"))
    assert raw.test_x is None


@pytest.mark.parametrize("x", [X.astype(np.uint8), X > 4, X.astype(np.float16), np.asfortranarray(X)])
def test_npz_any_number_is_taken_at_its_word(npz: Callable[..., RawDataset], x: np.ndarray) -> None:
    """Whatever its type and order in memory, a table is read as the same numbers in row-major 32-bit floats."""
    raw = npz(x=x, y=Y)
    np.testing.assert_array_equal(raw.x, x.astype(np.float32), strict=True)
    assert raw.x.flags.c_contiguous


def test_npz_own_split(npz: Callable[..., RawDataset]) -> None:
    """Data that bring a test split keep it, in their order."""
    raw = npz(**SPLIT)
    assert raw.test_x is not None
    np.testing.assert_array_equal(raw.x, X)
    np.testing.assert_array_equal(raw.test_x, X[:4])
    np.testing.assert_array_equal(raw.test_y, Y[:4])
    assert (raw.num_train, raw.num_test) == (10, 4)


def test_npz_own_split_needs_no_room_for_another(npz: Callable[..., RawDataset]) -> None:
    """The rule that a fifth has room for every class is one for data still to be split."""
    y = np.arange(10) % 5
    assert npz(x_train=X, y_train=y, x_test=X[:1], y_test=y[:1]).num_test == 1
    with pytest.raises(DataError, match="10 examples give 2 for 5 classes"):
        npz(x=X, y=y)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ((10, 5, 6), (10, 1, 5, 6)),
        ((10, 1, 5, 6), (10, 1, 5, 6)),
        ((10, 7, 6, 6), (10, 7, 6, 6)),
        ((10, 5, 6, 1), (10, 1, 5, 6)),
        ((10, 5, 6, 3), (10, 3, 5, 6)),
        ((10, 5, 6, 2), (10, 2, 5, 6)),
        ((10, 6, 6, 4), (10, 4, 6, 6)),
        ((10, 32, 32, 13), (10, 13, 32, 32)),
    ],
)
def test_npz_image_layouts(npz: Callable[..., RawDataset], given: tuple[int, ...], read: tuple[int, ...]) -> None:
    """Images come out channels-first, whichever of the documented layouts they were stored in."""
    assert npz(x=np.zeros(given), y=Y).x.shape == read


def test_npz_channels_last_keeps_every_pixel(npz: Callable[..., RawDataset]) -> None:
    """Reordering the axes moves no pixel to another place or channel."""
    x = np.random.default_rng(0).random((10, 5, 6, 3), dtype=np.float32)
    raw = npz(x=x, y=Y)
    assert raw.x[7, 2, 4, 1] == x[7, 4, 1, 2]
    np.testing.assert_array_equal(raw.x, np.einsum("nhwc->nchw", x))


def test_npz_bytes_are_scaled_and_other_images_are_not(npz: Callable[..., RawDataset]) -> None:
    """0-255 becomes [0, 1] for uint8; any other type is taken at its word."""
    levels = np.resize(np.arange(256), (16, 4, 4))
    y = np.arange(16) % 2
    raw = npz(x=levels.astype(np.uint8), y=y)
    np.testing.assert_array_equal(raw.x[:, 0], levels.astype(np.uint8), strict=True)
    assert raw.preprocessing == SCALED
    np.testing.assert_array_equal(npz(x=levels, y=y).x[:, 0], levels)


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4", ">u2"])
def test_npz_of_another_byte_order(npz: Callable[..., RawDataset], dtype: str) -> None:
    """Written on another machine, or by Fortran, they are the same numbers, and the same data."""
    there = np.asfortranarray(np.resize(X, (10, 5, 6)).astype(dtype))
    raw = npz(x=there, y=Y.astype(">i8"))
    same = npz(x=there.astype(there.dtype.newbyteorder("=")), y=Y)
    np.testing.assert_array_equal(raw.x, same.x, strict=True)
    assert fingerprint(raw) == fingerprint(same)
    mixed = npz(x_train=there, y_train=Y, x_test=there.astype(there.dtype.newbyteorder("=")), y_test=Y)
    np.testing.assert_array_equal(mixed.x, mixed.test_x, strict=True)


def test_8_bit_images_are_what_a_network_sees_of_them(tmp_path: Path) -> None:
    """0-255 and the same in [0, 1], as 32-bit numbers, are the same data, to the bit."""
    levels = np.random.default_rng(0).integers(256, size=(10, 6, 5, 3)).astype(np.uint8)
    seen = []
    for name, x in (("stored", levels), ("scaled", levels.astype(np.float32) / 255)):
        np.savez(tmp_path / f"{name}.npz", x=x, y=Y)
        dataset = NpzDataset(name=name, path=str(tmp_path / f"{name}.npz"))
        splits = load_splits(dataset, seed=0, train_size=None, test_size=None)
        seen.append((describe_dataset(dataset).fingerprint, splits.inputs(splits.x_train)))
    assert seen[0][0] == seen[1][0]
    assert torch.equal(seen[0][1], seen[1][1])


@pytest.mark.parametrize(
    "names",
    [
        ("X", "y"),
        ("data", "target"),
        ("images", "labels"),
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
    ],
)
def test_npz_names_in_the_wild(npz: Callable[..., RawDataset], names: tuple[str, ...]) -> None:
    """What other names are certain to mean is read as that, and nothing need be told."""
    values = (X, Y) if len(names) == 2 else tuple(SPLIT.values())
    raw = npz(**dict(zip(names, values, strict=True)))
    np.testing.assert_array_equal(raw.x, X)
    assert (raw.test_x is not None, raw.warnings) == (len(names) == 4, ())


def test_npz_of_more_than_the_data(npz: Callable[..., RawDataset]) -> None:
    """Single values and the names of classes are left out, and told; what may be data goes only if it is said."""
    raw = npz(x=X, y=Y, seed=np.array(7), class_names=np.array(["a", "b"]))
    assert raw.warnings == (
        "Beside the data there are 'seed', 'class_names', which are left out: single values and texts of no example.",
    )
    validation = {"x_val": X, "y_val": Y.astype(object)}
    with pytest.raises(DataError, match=r"no Python objects"):
        npz(**SPLIT, **validation)
    raw = npz(**SPLIT, **validation, drop=("x_val", "y_val"))
    assert (len(raw.x), raw.warnings) == (10, ())
    with pytest.raises(DataError, match=r"drop must name arrays that are there, but got 'x_va'; .* mean 'x_val'\?"):
        npz(**SPLIT, **validation, drop=("x_va",))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, ">f8"])
def test_npz_one_hot_labels(npz: Callable[..., RawDataset], dtype: Any) -> None:
    """One 1 a row is the class of its column, in both splits."""
    labels = np.array([7, 2, 4])[np.arange(18) % 3]
    rows = np.eye(9)[labels].astype(dtype)
    raw = npz(x_train=np.ones((18, 2)), y_train=rows, x_test=np.ones((2, 2)), y_test=rows[:2])
    assert raw.class_names == ("2", "4", "7")
    assert [int(raw.class_names[number]) for number in raw.y] == labels.tolist()
    assert raw.test_y is not None
    assert raw.test_y.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("colour", "channels", "told"), [(None, 4, ["like the transparency", "are equal"]), ("grey", 1, [])]
)
def test_npz_channels_that_tell_nothing(
    npz: Callable[..., RawDataset], colour: Any, channels: int, told: list[str]
) -> None:
    """Opaque and grey images as RGBA stay as they are and are told, with the field that mends it."""
    shades = np.random.default_rng(0).integers(256, size=(10, 6, 6, 1)).astype(np.uint8)
    x = np.concatenate([shades, shades, shades, np.full_like(shades, 255)], axis=3)
    raw = npz(x=x, y=Y, colour=colour)
    np.testing.assert_array_equal(raw.x, np.moveaxis(x, 3, 1)[:, :channels])
    assert len(raw.warnings) == len(told)
    assert all(part in sentence for part, sentence in zip(told, raw.warnings, strict=True))


@pytest.mark.parametrize(
    ("labels", "class_names"),
    [
        (Y - 5, ("-5", "-4")),
        (Y * 9 + 1, ("1", "10")),
        (np.array(["b", "a"])[Y], ("a", "b")),
        (Y > 0, ("False", "True")),
        (Y[:, None] + 1, ("1", "2")),
        ((Y + 1.0).astype(np.float32), ("1", "2")),
    ],
)
def test_npz_labels(npz: Callable[..., RawDataset], labels: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Integers and strings are numbered from 0 in sorted order."""
    raw = npz(x=X, y=labels)
    assert raw.class_names == class_names
    assert [class_names[number] for number in raw.y] == [str(label).removesuffix(".0") for label in labels.ravel()]


def test_npz_test_labels_share_the_numbers_of_training(npz: Callable[..., RawDataset]) -> None:
    """A test split that lacks a class does not shift the numbers of the others."""
    raw = npz(**SPLIT | {"y_train": np.array([4, 7])[Y], "y_test": np.full(4, 7)})
    assert raw.test_y is not None
    assert raw.test_y.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, r": the arrays must be 'x', 'y' or .* but got none \(missing: 'x', 'y'"),
        ({"xs": X, "y": Y}, r"missing: 'x'; not allowed: 'xs'.* Did you mean 'x'\?"),
        ({"x": X, "y": Y, "ids": Y}, r"missing: none; not allowed: 'ids'\).* drop: \[ids\] does that"),
        ({"images": X, "features": X, "y": Y}, r"must be clear which array is x, but 'images', 'features' may each be"),
        (SPLIT | {"y": Y}, r"missing: none; not allowed: 'y'\)"),
        ({"x_train": X, "y_train": Y, "x_tset": X}, r"missing: 'x_test', 'y_test'; .* Did you mean 'x_test'\?"),
        ({"x": X, "y": Y.astype(object)}, ", array 'y': .*no Python objects.* Give it a plain dtype"),
        (
            {"x": X, "y": Y / 2},
            r", array 'y': labels must be integers \(1.0 is one\) or strings, but got 0.5 at index 1",
        ),
        ({"x": X, "y": Y + 1j}, ", array 'y': labels must be integers or strings, but got dtype complex128"),
        ({"x": X, "y": Y[:9]}, r": x and y .* one label for each example, .* shapes \(10, 3\) and \(9,\)"),
        ({"x": X, "y": Y[:, None, None]}, r"shapes \(10, 3\) and \(10, 1, 1\)\. y must have the shape \(n,\)"),
        (
            SPLIT | {"y_train": np.eye(2)[Y]},
            "y_train and y_test must be written alike, .* 2 columns .* one label a row",
        ),
        ({"x": X[:0], "y": Y[:0]}, r"at least one, but got shapes \(0, 3\)"),
        ({"x": np.float64(1), "y": Y}, r"shapes \(\) and \(10,\)"),
        (SPLIT | {"y_test": Y}, r": x_test and y_test .* shapes \(4, 3\) and \(10,\)"),
        ({"x": X[:, 0], "y": Y}, r", array 'x': inputs must be numbers of shape .* got shape \(10,\)"),
        ({"x": X[:, :0], "y": Y}, r"no axis empty, but got shape \(10, 0\)"),
        ({"x": X[:, :0], "y": np.arange(10)}, r"no axis empty, but got shape \(10, 0\)"),
        ({"x": X.astype(str), "y": Y}, ", array 'x': inputs must be numbers .* dtype <U"),
        ({"x": X + 1j, "y": Y}, ", array 'x': inputs must be numbers .* dtype complex128"),
        ({"x": np.where(X == 4, np.nan, X), "y": Y}, r", array 'x': .* finite .* 1 are NaN .* at index \(1, 1\)\."),
        (SPLIT | {"x_test": np.full((4, 3), 1e39)}, r", array 'x_test': .* 12 are .* \(0, 2\) and 9 more"),
        ({"x": IMAGES[:, :, :3], "y": Y}, r", array 'x': images must be at least 4 x 4, .* but got 3 x 4"),
        (SPLIT | {"x_test": X[:4, :2]}, r"one example shape and one dtype, but got \(3,\) float64 and \(2,\) float64"),
        (SPLIT | {"x_test": X[:4].astype(int)}, r"\(3,\) float64 and \(3,\) int64\. Prepare both alike"),
        (
            SPLIT | {"y_test": Y[:4] + 1},
            ": every class in y_test must occur in y_train, but y_test holds 2 .* only 0, 1",
        ),
        (SPLIT | {"y_test": Y[:4].astype(str)}, "y_test holds '0', '1' and y_train only 0, 1"),
        ({"x": X, "y": Y * 0}, ", array 'y': at least 2 classes must occur, but all labels are 0"),
        (
            SPLIT | {"y_train": np.arange(10) // 9},
            ", array 'y_train': .* at least 2 examples, but 1 of 2 .* one only: 1",
        ),
    ],
)
def test_npz_mistakes(npz: Callable[..., RawDataset], tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    """Every mistake in an archive is named with its file, its array, and what must hold."""
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / 'arrays.npz'))}.*{message}"):
        npz(**arrays)


def archive(**members: bytes) -> bytes:
    """A ZIP file that holds these members as `.npy`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """An array as NumPy's own file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a readable NPZ archive"),
        (b"a,b\n1,2\n", "must be a readable NPZ archive"),
        (b"PK\x03\x04 cut short", "must be a readable NPZ archive"),
        (npy(X), "must be a readable NPZ archive"),
        (archive(x=npy(X), y=npy(Y)[:-8]), ", array 'y': this must be a readable array"),
        (archive(x=npy(X).replace(b"descr", b"wrong"), y=npy(Y)), ", array 'x': this must be a readable array"),
        (archive(x=npy(X), y=b"hello").replace(b"hello", b"jello"), ", array 'y': this must be a readable array"),
        (archive(x=b"hello", y=npy(Y)), ", array 'x': this must be a readable array"),
    ],
    ids=["empty", "text", "cut", "npy", "short array", "wrong header", "wrong checksum", "no array"],
)
def test_damaged_archives(npz: Callable[..., RawDataset], content: bytes, message: str) -> None:
    """Whatever is wrong with the bytes, the user hears which file or which array."""
    with pytest.raises(DataError, match=message):
        npz(content)


@given(
    x=npst.arrays(np.float32, (10, 2), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
    labels=st.permutations("aabbccddee"),
)
def test_formats_agree(tmp_path_factory: pytest.TempPathFactory, x: np.ndarray, labels: list[str]) -> None:
    """One table read from CSV and from NPZ is the same data, to the last bit."""
    folder = tmp_path_factory.mktemp("formats")
    two_classes = np.array(["a" if label < "c" else "b" for label in labels])
    rows = "".join(f"{float(a)!r},{float(b)!r},{label}\n" for (a, b), label in zip(x, two_classes, strict=True))
    (folder / "table.csv").write_text("p,q,label\n" + rows)
    np.savez(folder / "arrays.npz", x=x, y=two_classes)
    from_csv = load_table(TableDataset(name="mine", path=str(folder / "table.csv"), label="label"))
    from_npz = load_npz(NpzDataset(name="mine", path=str(folder / "arrays.npz")))
    np.testing.assert_array_equal(from_csv.x, from_npz.x, strict=True)
    np.testing.assert_array_equal(from_csv.y, from_npz.y, strict=True)
    assert from_csv.class_names == from_npz.class_names


@pytest.mark.parametrize(
    ("shape", "fields", "what"),
    [((10, 3), {}, "a table"), ((10, 3, 2), {"time": True}, "inputs over time"), ((10, 3, 1, 4, 4), {}, "inputs over")],
)
def test_colour_is_refused_where_there_are_no_images(
    tmp_path: Path, shape: tuple[int, ...], fields: dict[str, Any], what: str
) -> None:
    """It would do nothing."""
    np.savez(tmp_path / "a.npz", x=np.zeros(shape), y=np.arange(10) % 2)
    dataset = NpzDataset(name="mine", path=str(tmp_path / "a.npz"), colour="grey", **fields)
    with pytest.raises(DataError, match=f"array 'x': colour is of images, but these are {what}"):
        load_npz(dataset)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["9", "10"], ("9", "10")),
        (["b", "a"], ("a", "b")),
        (["01", "1"], ("01", "1")),
        (["9", "x"], ("9", "x")),
        (["10.5", "9"], ("9.0", "10.5")),
    ],
    ids=str,
)
def test_text_labels_are_ordered_as_those_of_tables(tmp_path: Path, labels: list[str], names: tuple[str, str]) -> None:
    """Numbers in their order, where all are and nothing is lost; else text: the same classes as in a CSV file."""
    y = np.array(labels * 10)
    np.savez(tmp_path / "a.npz", x=np.arange(40.0).reshape(20, 2), y=y)
    archive = load_npz(NpzDataset(name="mine", path=str(tmp_path / "a.npz")))
    (tmp_path / "t.csv").write_text("u,v,y\n" + "".join(f"{2 * k},{2 * k + 1},{y[k]}\n" for k in range(20)))
    table = load_table(TableDataset(name="mine", path=str(tmp_path / "t.csv"), label="y"))
    assert archive.class_names == table.class_names == names
    np.testing.assert_array_equal(archive.y, table.y)


def test_text_labels_of_both_splits_are_read_alike(tmp_path: Path) -> None:
    """As text in both where one of them loses something as a number."""
    x = np.arange(40.0).reshape(20, 2)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.array(["01", "1"] * 10), x_test=x, y_test=np.array(["1"] * 20))
    raw = load_npz(NpzDataset(name="mine", path=str(tmp_path / "a.npz")))
    assert raw.class_names == ("01", "1")
    assert raw.test_y is not None
    assert set(raw.test_y.tolist()) == {1}
