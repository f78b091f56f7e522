import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.data.image_sources import IMAGES


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_batch_of_images_makes_arrays_and_nothing_else(tmp_path: Path) -> None:
    """A file that passed for CIFAR-10's, whatever its checksum, could still call nothing."""
    batch = pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [0, Touching(tmp_path / "made")]})
    with pytest.raises(pickle.UnpicklingError, match="must hold arrays only, but asks for"):
        IMAGES["cifar10"].read([batch])
    assert not (tmp_path / "made").exists()
