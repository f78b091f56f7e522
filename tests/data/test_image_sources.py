import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision import datasets

from privsearch.data.image_sources import IMAGES


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_batch_of_images_makes_arrays_and_nothing_else(tmp_path: Path) -> None:
    """A file that passed for CIFAR-10's, whatever its checksum, could still call nothing."""
    held = {"data": np.zeros((2, 3072), np.uint8), "labels": [0, Touching(tmp_path / "made")]}
    # The module that arrays were in when CIFAR was written.
    batch = pickle.dumps(held, 3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    for name in ("cifar10", "cifar100"):
        with pytest.raises(pickle.UnpicklingError, match=r"must hold arrays only, but asks for .*[.](touch|getattr)"):
            IMAGES[name].read([batch])
    assert not (tmp_path / "made").exists()


def test_checksums_and_classes_are_torchvisions() -> None:
    """What torchvision knows of CIFAR-100 and EMNIST, it says alike."""
    theirs = dict([*datasets.CIFAR100.train_list, *datasets.CIFAR100.test_list])
    theirs[datasets.CIFAR100.meta["filename"]] = datasets.CIFAR100.meta["md5"]
    assert IMAGES["cifar100"].files == theirs
    for part in ("letters", "balanced", "digits"):
        classes = [name for name in datasets.EMNIST.classes_split_dict[part] if name != "N/A"]
        assert list(IMAGES[f"emnist_{part}"].class_names) == classes
    assert list(IMAGES["kmnist"].class_names) == datasets.KMNIST.classes


def test_datasets_of_one_file_have_fingerprints_of_their_own() -> None:
    """EMNIST's parts share an archive and its checksum, and are other data."""
    assert len({source.fingerprint for source in IMAGES.values()}) == len(IMAGES)
