import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from privsearch.data.image_sources import IMAGES
from privsearch.data.splits import _load_splits

REAL_DATA = os.environ.get("PRIVSEARCH_DATA_DIR")
"""As it was before any test had a say."""


@pytest.fixture
def real_data() -> Path:
    """The directory that holds the real image files."""
    if not REAL_DATA:
        pytest.skip("PRIVSEARCH_DATA_DIR is not set: the real image files are not at hand")
    return Path(REAL_DATA).absolute()


@pytest.fixture
def tiny_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory with files that pass for MNIST's: 40 training and 20 test images; gives their folder."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    known = IMAGES["mnist"]
    folder = tmp_path / known.folder
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    checksums: dict[str, str] = {}
    for files, count in ((known.train_files, 40), (known.test_files, 20)):
        images, labels = files
        contents = {
            images: bytes(16) + rng.bytes(count * 28 * 28),
            labels: bytes(8) + bytes(i % 10 for i in range(count)),
        }
        for name, content in contents.items():
            (folder / name).write_bytes(content)
            checksums[name] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    train, test = ({name: checksums[name] for name in files} for files in (known.train_files, known.test_files))
    tiny = replace(known, train_files=train, test_files=test, num_train=40, num_test=20)
    monkeypatch.setitem(IMAGES, "mnist", tiny)
    _load_splits.cache_clear()  # its entries go by the dataset's name, which here stands for other data
    yield folder
    _load_splits.cache_clear()
