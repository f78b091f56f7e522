"""The formats of the image datasets, on small files that are made like theirs."""

import gzip
import hashlib
import io
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from privsearch.data import describe_dataset, examine_dataset, load_dataset, missing_data
from privsearch.data.examine import _examined
from privsearch.data.image_sources import IMAGES
from privsearch.data.repeats import Repeats
from privsearch.data.splits import _load_splits
from privsearch.errors import DataError

NEW = ("cifar100", "svhn", "kmnist", "emnist_letters", "emnist_balanced", "emnist_digits")
TRAIN, TEST = 300, 150


def examples(name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images, and classes in turn."""
    rng = np.random.default_rng(count)
    x = rng.integers(256, size=(count, *IMAGES[name].input_shape)).astype(np.uint8)
    return x, np.arange(count) % len(IMAGES[name].class_names)


def idx(x: np.ndarray, y: np.ndarray) -> list[bytes]:
    """Images and labels in MNIST's format, packed."""
    return [gzip.compress(bytes(16) + x.tobytes()), gzip.compress(bytes(8) + y.astype(np.uint8).tobytes())]


def as_of_old(batch: dict[str, Any]) -> bytes:
    """A pickle that asks for the module that arrays were in when CIFAR was written."""
    return pickle.dumps(batch, 3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def content(name: str) -> dict[str, bytes]:
    """The files of a dataset, made of `examples`."""
    (x, y), (test_x, test_y) = examples(name, TRAIN), examples(name, TEST)
    if name == "kmnist":
        return dict(zip(IMAGES[name].files, idx(x, y) + idx(test_x, test_y), strict=True))
    if name == "svhn":
        files = {}
        for file, images, labels in (("train_32x32.mat", x, y), ("test_32x32.mat", test_x, test_y)):
            buffer = io.BytesIO()
            marks = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
            savemat(buffer, {"X": images.transpose(2, 3, 1, 0), "y": marks}, do_compression=True)
            files[file] = buffer.getvalue()
        return files
    if name == "cifar100":
        names = {"fine_label_names": list(IMAGES[name].class_names), "coarse_label_names": ["fish"]}
        return {"meta": pickle.dumps(names, 2)} | {
            file: as_of_old({"data": images.reshape(-1, 3072), "fine_labels": labels.tolist(), "coarse_labels": []})
            for file, images, labels in (("train", x, y), ("test", test_x, test_y))
        }
    part, first = IMAGES[name].part, int(name == "emnist_letters")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for split, images, labels in (("train", x, y + first), ("test", test_x, test_y + first)):
            for kind, member in zip(("images-idx3", "labels-idx1"), idx(images, labels), strict=True):
                archive.writestr(f"gzip/emnist-{part}-{split}-{kind}-ubyte.gz", member)
    return {"gzip.zip": packed.getvalue()}


def install(name: str, files: dict[str, bytes], directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a dataset's files, and make theirs the checksums and numbers that are known."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(directory))
    known = IMAGES[name]
    (directory / known.folder).mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (directory / known.folder / file).write_bytes(data)
    sums = {file: hashlib.md5(data, usedforsecurity=False).hexdigest() for file, data in files.items()}
    train, test = ({file: sums[file] for file in split} for split in (known.train_files, known.test_files))
    monkeypatch.setitem(
        IMAGES, name, replace(known, train_files=train, test_files=test, num_train=TRAIN, num_test=TEST)
    )


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing is remembered of these datasets, whose names stand for other data here."""
    for cache in (_load_splits, _examined):
        cache.cache_clear()
    yield
    for cache in (_load_splits, _examined):
        cache.cache_clear()


@pytest.mark.parametrize("name", NEW)
def test_images_and_classes_are_those_of_the_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pixel in its place, classes from 0 in the order of their names, in both splits."""
    install(name, content(name), tmp_path, monkeypatch)
    raw = load_dataset(name)
    for (x, y), (expected_x, expected_y) in (
        ((raw.x, raw.y), examples(name, TRAIN)),
        ((raw.test_x, raw.test_y), examples(name, TEST)),
    ):
        np.testing.assert_array_equal(x, expected_x, strict=True)
        np.testing.assert_array_equal(y, expected_y)
    assert (raw.num_train, raw.num_test) == (TRAIN, TEST)
    assert raw.preprocessing == IMAGES[name].preprocessing


@pytest.mark.parametrize("name", NEW)
def test_what_nobody_knows_beforehand_is_counted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes of classes and the repeats come from the files; without them a plan can be made, and invents none."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    assert describe_dataset(name).num_classes == len(IMAGES[name].class_names)
    assert len(missing_data([name])) == 1
    with pytest.raises(DataError, match=f"{name}: the file .* bring it with `privsearch data fetch {name}"):
        load_dataset(name)
    found = examine_dataset(name)
    assert (found.class_sizes, found.repeats, found.are_uneven) == ({}, None, False)
    assert found.summary()["repeated_examples"] is None
    install(name, content(name), tmp_path, monkeypatch)
    found = examine_dataset(name)
    assert sum(found.class_sizes.values()) == TRAIN
    assert set(found.class_sizes) == set(IMAGES[name].class_names)
    assert (found.repeats, found.warnings) == (Repeats(0, 0), ())


@pytest.mark.parametrize("name", NEW)
def test_other_numbers_than_were_published_are_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are held against the files when these are first read."""
    install(name, content(name), tmp_path, monkeypatch)
    monkeypatch.setitem(IMAGES, name, replace(IMAGES[name], num_test=TEST + 1))
    with pytest.raises(DataError, match=rf"{name}: .* must hold 151 images of shape .* but hold \(150, "):
        load_dataset(name)


def test_other_classes_of_cifar100_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names in this version are held against those in the file."""
    files: dict[str, Any] = content("cifar100")
    files["meta"] = pickle.dumps({"fine_label_names": [*IMAGES["cifar100"].class_names[1:], "apple"]}, 2)
    install("cifar100", files, tmp_path, monkeypatch)
    with pytest.raises(DataError, match="cifar100: the file meta must name the classes"):
        load_dataset("cifar100")
