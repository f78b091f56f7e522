"""The readers of the files of image datasets, whose checksums have been compared."""

import gzip
import io
import pickle
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from privsearch.errors import DataError

Examples = tuple[UInt8[np.ndarray, "n channels height width"], Int64[np.ndarray, " n"]]
"""The images of one split, and their classes from 0."""


def read_idx(contents: Sequence[bytes]) -> Examples:
    """Read MNIST's format: images and labels, behind headers of 16 and 8 bytes."""
    images, labels = contents
    x = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 1, 28, 28)
    return x, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


class _ArraysOnly(pickle.Unpickler):
    """An unpickler of arrays, lists, dicts and text that calls nothing else, because only MD5 vouches for the files."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "numpy.core.multiarray" and name == "_reconstruct":
            return np.zeros(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"a file of images must hold arrays only, but asks for {module}.{name}")


def read_batches(contents: Sequence[bytes]) -> Examples:
    """Read CIFAR-10's format: pickled batches, each image's red plane first."""
    batches = [_unpickled(content) for content in contents]
    x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    return x, np.concatenate([np.array(batch["labels"], np.int64) for batch in batches])


def read_cifar100(class_names: Sequence[str], contents: Sequence[bytes]) -> Examples:
    """Read CIFAR-100's format: a pickled split, and behind the training split's the names of the classes.

    Raises:
        DataError: the classes have other names in the file.
    """
    split, *meta = map(_unpickled, contents)
    if meta and meta[0]["fine_label_names"] != list(class_names):
        raise DataError(
            "cifar100: the file meta must name the classes that this version of privsearch knows, but does not"
        )
    return split["data"].reshape(-1, 3, 32, 32), np.array(split["fine_labels"], np.int64)


def read_packed_idx(contents: Sequence[bytes]) -> Examples:
    """Read MNIST's format, packed by gzip."""
    return read_idx([gzip.decompress(content) for content in contents])


def read_emnist(part: str, split: str, first: int, contents: Sequence[bytes]) -> Examples:
    """Read a split of a part of EMNIST's archive, whose classes are numbered from `first` on.

    The images are as they are stored, rows and columns exchanged, as torchvision leaves them too.
    """
    (content,) = contents
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [f"gzip/emnist-{part}-{split}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
        x, y = read_packed_idx([archive.read(name) for name in names])
    return x, y - first


def read_mat(contents: Sequence[bytes]) -> Examples:
    """Read SVHN's format: a MATLAB file of images, their number last, and labels of which 10 is the digit 0."""
    from scipy.io import loadmat  # not needed where the arrays are prepared

    (content,) = contents
    held = loadmat(io.BytesIO(content), variable_names=["X", "y"])
    return np.ascontiguousarray(held["X"].transpose(3, 2, 0, 1)), held["y"].reshape(-1).astype(np.int64) % 10


def _unpickled(content: bytes) -> Any:
    return _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
