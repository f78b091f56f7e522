"""The image datasets of torchvision: the facts about each."""

import hashlib
import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Final

from privsearch.data.image_readers import (
    Examples,
    read_batches,
    read_cifar100,
    read_emnist,
    read_idx,
    read_mat,
    read_packed_idx,
)
from privsearch.data.raw import Preprocessing


@dataclass(frozen=True)
class ImageSource:
    """The facts about an image dataset that are known before it is downloaded.

    The numbers of examples are those that its makers state; they are held against the files when these are first read.

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
        preprocessing: for MNIST, Fashion-MNIST and CIFAR-10 that of Moshruba et al. 2025, section IV-A; for the others
            by the same rules: grey images stay in [0, 1], colours become [-1, 1], and photographs of things alone are
            cropped and flipped in training, as a mirrored digit or letter is another sign.
        sizes: the number of examples of each class in the training split, in the order of `class_names`; None if they
            are counted in the files.
        repeats: the numbers of examples that repeat one of the same split, and of test examples that are in training;
            None if they are counted in the files.
        read_test: the same as `read`, for the test split; None if it is the same function.
        urls: the address of each file, by its name, as torchvision has it; empty if torchvision's class brings the
            files as they are read.
        part: what is read, of files that hold several datasets.
    """

    torchvision_name: str
    folder: str
    train_files: dict[str, str]
    test_files: dict[str, str]
    read: Callable[[Sequence[bytes]], Examples]
    input_shape: tuple[int, int, int]
    num_train: int
    num_test: int
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    sizes: tuple[int, ...] | None = None
    repeats: tuple[int, int] | None = None
    read_test: Callable[[Sequence[bytes]], Examples] | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    part: str = ""

    @property
    def class_sizes(self) -> dict[str, int] | None:
        """The number of examples of each class in the training split, by its name; None if not known beforehand."""
        return None if self.sizes is None else dict(zip(self.class_names, self.sizes, strict=True))

    @property
    def files(self) -> dict[str, str]:
        """The checksum of every file, by its name in `folder`."""
        return self.train_files | self.test_files

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the files' checksums and of the preprocessing: the same data, prepared alike."""
        content = [list(self.files.values()), self.class_names, asdict(self.preprocessing)]
        content += [self.part] if self.part else []
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


UNCHANGED: Final = Preprocessing(mean=0.0, std=1.0)
"""The preprocessing that leaves pixels in [0, 1] as they are.

The paper's 'mean of 0 and standard deviation of 1' are the arguments of torchvision's `Normalize`, as in snnTorch's
tutorials, and not the statistics of the images.
"""

_CENTRED: Final = Preprocessing(mean=0.5, std=0.5)
_AUGMENTED: Final = Preprocessing(mean=0.5, std=0.5, crop_padding=4, flip_probability=0.5)

_CIFAR100_CLASSES: Final = (
    *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy"),
    *("bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee"),
    *("clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant"),
    *("flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower"),
    *("leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom"),
    *("oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate"),
    *("poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark"),
    *("shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower"),
    *("sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor", "train", "trout", "tulip"),
    *("turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"),
)
_KMNIST_FILES: Final = {
    "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
    "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
    "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
    "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
}
_SVHN_FILES: Final = {
    "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
}
_EMNIST_FILE: Final = {"gzip.zip": "58c8d27c78d21e728a6bc7b3cc06412e"}
"""The one archive of all parts of EMNIST: no checksums are published of what is in it."""


def _emnist(part: str, class_names: Sequence[str], num_train: int, num_test: int, *, first: int = 0) -> ImageSource:
    """Return the facts about a part of EMNIST, whose classes are numbered from `first` on in its files."""
    return ImageSource(
        torchvision_name="EMNIST",
        folder="EMNIST/raw",
        train_files=_EMNIST_FILE,
        test_files=_EMNIST_FILE,
        read=partial(read_emnist, part, "train", first),
        read_test=partial(read_emnist, part, "test", first),
        urls={"gzip.zip": "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"},
        input_shape=(1, 28, 28),
        num_train=num_train,
        num_test=num_test,
        class_names=tuple(class_names),
        preprocessing=UNCHANGED,
        part=part,
    )


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
        read=read_idx,
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
        read=read_idx,
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
        read=read_batches,
        input_shape=(3, 32, 32),
        num_train=50_000,
        num_test=10_000,
        class_names=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        preprocessing=_AUGMENTED,
        sizes=(5000,) * 10,
        repeats=(0, 0),
    ),
    "cifar100": ImageSource(
        torchvision_name="CIFAR100",
        folder="cifar-100-python",
        train_files={"train": "16019d7e3df5f24257cddd939b257f8d", "meta": "7973b15100ade9c7d40fb424638fde48"},
        test_files={"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
        read=partial(read_cifar100, _CIFAR100_CLASSES),
        input_shape=(3, 32, 32),
        num_train=50_000,
        num_test=10_000,
        class_names=_CIFAR100_CLASSES,
        preprocessing=_AUGMENTED,
    ),
    "svhn": ImageSource(
        torchvision_name="SVHN",
        folder=".",  # torchvision puts the files into the data directory itself
        train_files={"train_32x32.mat": _SVHN_FILES["train_32x32.mat"]},
        test_files={"test_32x32.mat": _SVHN_FILES["test_32x32.mat"]},
        read=read_mat,
        urls={file: f"http://ufldl.stanford.edu/housenumbers/{file}" for file in _SVHN_FILES},
        input_shape=(3, 32, 32),
        num_train=73_257,
        num_test=26_032,
        class_names=tuple(string.digits),
        preprocessing=_CENTRED,
    ),
    "kmnist": ImageSource(
        torchvision_name="KMNIST",
        folder="KMNIST/raw",
        train_files=dict(list(_KMNIST_FILES.items())[:2]),
        test_files=dict(list(_KMNIST_FILES.items())[2:]),
        read=read_packed_idx,
        urls={file: f"http://codh.rois.ac.jp/kmnist/dataset/kmnist/{file}" for file in _KMNIST_FILES},
        input_shape=(1, 28, 28),
        num_train=60_000,
        num_test=10_000,
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        preprocessing=UNCHANGED,
    ),
    "emnist_letters": _emnist("letters", string.ascii_lowercase, 124_800, 20_800, first=1),
    # The letters whose capitals look otherwise have a class for each.
    "emnist_balanced": _emnist("balanced", string.digits + string.ascii_uppercase + "abdefghnqrt", 112_800, 18_800),
    "emnist_digits": _emnist("digits", string.digits, 240_000, 40_000),
}
"""The image datasets by name. The checksums are of the files that are read (of MNIST and Fashion-MNIST: unpacked)."""
