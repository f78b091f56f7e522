"""The image datasets of torchvision: the facts about each, and the readers of their files."""

import hashlib
import io
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Int64, UInt8

from privsearch.data.raw import Preprocessing

_Examples = tuple[UInt8[np.ndarray, "n channels height width"], Int64[np.ndarray, " n"]]


@dataclass(frozen=True)
class ImageSource:
    """The facts about an image dataset that are known before it is downloaded.

    Attributes:
        torchvision_name: the dataset's class in `torchvision.datasets`.
        folder: the folder that torchvision puts the files into, below the data directory.
        train_files: the MD5 checksum of each file of the training split, in the order of reading.
        test_files: the same for the test split.
        read: a function from the content of one split's files to images and classes.
        input_shape: `(channels, height, width)`.
        num_train: the number of examples in the training split.
        num_test: the number of examples in the test split.
        class_names: the names of the classes, in the order of their numbers.
        preprocessing: the preprocessing of Moshruba et al. 2025, section IV-A.
        sizes: the number of examples of each class in the training split, in the order of `class_names`.
        repeats: the numbers of examples that repeat one of the same split, and of test examples that are in training.
    """

    torchvision_name: str
    folder: str
    train_files: dict[str, str]
    test_files: dict[str, str]
    read: Callable[[Sequence[bytes]], _Examples]
    input_shape: tuple[int, int, int]
    num_train: int
    num_test: int
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    sizes: tuple[int, ...]
    repeats: tuple[int, int]

    @property
    def class_sizes(self) -> dict[str, int]:
        """The number of examples of each class in the training split, by its name."""
        return dict(zip(self.class_names, self.sizes, strict=True))

    @property
    def files(self) -> dict[str, str]:
        """The checksum of every file, by its name in `folder`."""
        return self.train_files | self.test_files

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the files' checksums and of the preprocessing: the same data, prepared alike."""
        content = [list(self.files.values()), self.class_names, asdict(self.preprocessing)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _read_idx(contents: Sequence[bytes]) -> _Examples:
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


def _read_batches(contents: Sequence[bytes]) -> _Examples:
    """Read CIFAR-10's format: pickled batches, each image's red plane first."""
    batches = [_ArraysOnly(io.BytesIO(content), encoding="latin1").load() for content in contents]
    x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    return x, np.concatenate([np.array(batch["labels"], np.int64) for batch in batches])


UNCHANGED: Final = Preprocessing(mean=0.0, std=1.0)
"""The preprocessing that leaves pixels in [0, 1] as they are.

The paper's 'mean of 0 and standard deviation of 1' are the arguments of torchvision's `Normalize`, as in snnTorch's
tutorials, and not the statistics of the images.
"""

IMAGES: Final[dict[str, ImageSource]] = {
    "mnist": ImageSource(
        torchvision_name="MNIST",
        folder="MNIST/raw",
        train_files={
            "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        },
        test_files={
            "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
        read=_read_idx,
        input_shape=(1, 28, 28),
        num_train=60_000,
        num_test=10_000,
        class_names=tuple("0123456789"),
        preprocessing=UNCHANGED,
        sizes=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        repeats=(0, 0),
    ),
    "fashion_mnist": ImageSource(
        torchvision_name="FashionMNIST",
        folder="FashionMNIST/raw",
        train_files={
            "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        },
        test_files={
            "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
            "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
        },
        read=_read_idx,
        input_shape=(1, 28, 28),
        num_train=60_000,
        num_test=10_000,
        class_names=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        preprocessing=UNCHANGED,
        sizes=(6000,) * 10,
        repeats=(0, 0),
    ),
    "cifar10": ImageSource(
        torchvision_name="CIFAR10",
        folder="cifar-10-batches-py",
        train_files={
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        test_files={"test_batch": "40351d587109b95175f43aff81a1287e"},
        read=_read_batches,
        input_shape=(3, 32, 32),
        num_train=50_000,
        num_test=10_000,
        class_names=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        preprocessing=Preprocessing(mean=0.5, std=0.5, crop_padding=4, flip_probability=0.5),
        sizes=(5000,) * 10,
        repeats=(0, 0),
    ),
}
"""The image datasets by name. The checksums are of the files that torchvision reads (in MNIST's format: unpacked)."""
