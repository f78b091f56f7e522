import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.datasets
from torchvision import transforms

from privsearch.data import describe_dataset, load_dataset, missing_data, require_datasets
from privsearch.data.image_sources import IMAGES
from privsearch.data.images import ARRAYS, load_images, prepared_folder
from privsearch.data.raw import Preprocessing
from privsearch.data.splits import load_splits
from privsearch.errors import DataError
from privsearch.models.training import train_cohort
from privsearch.spec import TrialSpec

NORMALISE = {
    "mnist": transforms.Normalize((0,), (1,)),
    "fashion_mnist": transforms.Normalize((0,), (1,)),
    "cifar10": transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


@pytest.fixture
def real_directory(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real files, where the package looks for them."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(real_data))
    return real_data


@pytest.mark.parametrize("name", NORMALISE)
@pytest.mark.parametrize("is_train", [True, False])
def test_images_are_those_of_torchvision(real_directory: Path, name: str, is_train: bool) -> None:
    """Every label, and, to the bit, images as torchvision's own dataset and transforms give them."""
    transform = transforms.Compose([transforms.ToTensor(), NORMALISE[name]])
    known = IMAGES[name]
    theirs = getattr(torchvision.datasets, known.torchvision_name)(real_directory, train=is_train, transform=transform)
    splits = load_splits(name, seed=0, train_size=None, test_size=None)
    x, y = (splits.x_train, splits.y_train) if is_train else (splits.x_test, splits.y_test)
    assert torch.equal(y, torch.as_tensor(theirs.targets))
    chosen = [0, 1, len(y) // 2, len(y) - 1]
    assert torch.equal(splits.inputs(x[chosen]), torch.stack([theirs[i][0] for i in chosen]))


@pytest.mark.parametrize("name", NORMALISE)
def test_real_files_are_as_described(real_directory: Path, name: str) -> None:
    """Sizes, shape and classes of what is loaded are those that were known beforehand; all classes are balanced."""
    info, raw = describe_dataset(name), load_dataset(name)
    assert raw.test_x is not None
    assert (len(raw.x), len(raw.test_x)) == (raw.num_train, raw.num_test) == (info.num_train, info.num_test)
    assert raw.x.shape[1:] == raw.test_x.shape[1:] == info.input_shape
    counts = np.bincount(raw.y)
    assert len(counts) == info.num_classes == len(raw.class_names) == 10
    if name == "mnist":
        assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    else:
        assert set(counts) == {info.num_train // 10}
    assert info.source == raw.source == str(real_directory / IMAGES[name].folder)


@pytest.mark.parametrize("name", NORMALISE)
def test_real_images_can_be_learnt(real_directory: Path, name: str) -> None:
    """One epoch on 256 images gives finite outputs for all of them, and the same bits when it is run again."""
    spec = TrialSpec(dataset=name, model="ann", epochs=1, batch_size=64, train_size=256, test_size=64)
    splits = load_splits(name, seed=0, train_size=256, test_size=64)
    assert splits.y_train.bincount().min() >= 23
    runs = [train_cohort(spec.canonical("convnet"), splits, np.ones((1, 256), bool), [1]) for _ in range(2)]
    assert runs[0].signals.logits.shape == (1, 320, 10)
    assert np.array_equal(runs[0].signals.logits, runs[1].signals.logits)
    assert runs[0].networks[0].train_accuracy > 0.15


def test_processes_that_start_together_leave_one_good_copy(real_data: Path, tmp_path: Path) -> None:
    """Two processes that both find nothing prepared load the same data, and leave the arrays and nothing half-made."""
    (tmp_path / "MNIST").symlink_to(real_data / "MNIST")
    code = (
        "from zlib import crc32; from privsearch.data.images import load_images; raw = load_images('mnist')\n"
        "print([crc32(array) for array in (raw.x, raw.y, raw.test_x, raw.test_y)])"
    )
    environment = {**os.environ, "PRIVSEARCH_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = [process.communicate()[0] for process in both]
    assert json.loads(first) == json.loads(second)
    assert {path.name for path in (tmp_path / "privsearch-arrays" / "mnist").iterdir()} == {
        *(*ARRAYS, "stamp.json", ".lock")
    }


def test_arrays_are_mapped_and_not_read(tiny_mnist: Path) -> None:
    """A full split stays in the file that all processes share; a subsample is a copy of its rows alone."""
    raw = load_images("mnist")
    assert isinstance(raw.x, np.memmap)
    assert raw.x.dtype == np.uint8
    whole = load_splits("mnist", seed=0, train_size=None, test_size=None)
    assert whole.x_train.untyped_storage().nbytes() == whole.x_train.numel() == 40 * 28 * 28
    pixel = int(whole.x_train[0, 0, 0, 0])
    np.load(prepared_folder("mnist") / "x_train.npy", mmap_mode="r+")[0, 0, 0, 0] = pixel ^ 255
    assert int(whole.x_train[0, 0, 0, 0]) == pixel ^ 255
    part = load_splits("mnist", seed=0, train_size=10, test_size=None)
    assert part.x_train.untyped_storage().nbytes() == 10 * 28 * 28


def test_one_of_many_prepares(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight who come at once read the files once."""
    reads: list[int] = []
    known = IMAGES["mnist"]

    def counting(contents: Any) -> Any:
        reads.append(len(contents))
        return known.read(contents)

    monkeypatch.setitem(IMAGES, "mnist", replace(known, read=counting))
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(load_images, ["mnist"] * 8))
    assert reads == [2, 2]
    assert all(np.array_equal(raw.x, loaded[0].x) for raw in loaded)


@pytest.mark.parametrize("array", ARRAYS)
def test_damaged_arrays_are_made_again(tiny_mnist: Path, array: str) -> None:
    """Whatever becomes of an array, what is loaded is what the files hold."""
    before = load_images("mnist")
    path = prepared_folder("mnist") / array
    path.unlink()
    path.write_bytes(b"damaged")
    after = load_images("mnist")
    assert np.array_equal(before.x, after.x)
    assert np.array_equal(before.y, after.y)


def test_a_missing_file_is_named_with_what_brings_it(tiny_mnist: Path) -> None:
    """Which file, where it was looked for, the command; before anything is trained, and again if it is lost later."""
    load_images("mnist")
    (tiny_mnist / "t10k-labels-idx1-ubyte").unlink()
    message = (
        f"mnist: the file t10k-labels-idx1-ubyte must be in {tiny_mnist}, but is not there; bring it with "
        f"`privsearch data fetch mnist --data-dir {tiny_mnist.parents[1]}`, or say with --data-dir"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        require_datasets(["iris", "mnist"])
    with pytest.raises(DataError, match=re.escape(message)):
        load_dataset("mnist")


def test_all_missing_datasets_are_named_at_once(tiny_mnist: Path) -> None:
    """One line each, so that one round of downloads is enough."""
    assert [line.partition(":")[0] for line in missing_data(["mnist", "cifar10", "iris", "fashion_mnist"])] == [
        "cifar10",
        "fashion_mnist",
    ]
    with pytest.raises(
        DataError, match=r"cifar10: the file data_batch_1 .* \(nor are 5 other files of it\).*\nfashion"
    ):
        require_datasets(["cifar10", "fashion_mnist"])


@pytest.mark.parametrize("is_prepared", [True, False])
def test_a_changed_file_is_refused(tiny_mnist: Path, is_prepared: bool) -> None:
    """One flipped bit is told with file, both checksums and the remedy, also after the data were in use."""
    if is_prepared:
        require_datasets(["mnist"])
    path = tiny_mnist / "train-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    expected = IMAGES["mnist"].files[path.name]
    message = rf"mnist: {path} must have the MD5 checksum {expected}, but has [0-9a-f]{{32}}: .* delete it and bring it"
    for _ in range(2):
        with pytest.raises(DataError, match=message):
            require_datasets(["mnist"])


def test_a_directory_that_cannot_be_written_is_told(tiny_mnist: Path) -> None:
    """Not as a crash of the worker that tried."""
    (tiny_mnist.parents[1] / "privsearch-arrays").write_text("in the way")
    with pytest.raises(DataError, match=r"mnist: its files must be readable, and .*mnist writable, once, but: "):
        require_datasets(["mnist"])


def test_fingerprints_are_fixed() -> None:
    """What identifies a finished trial must not drift, and is known before any file is there."""
    assert {name: describe_dataset(name).fingerprint[:16] for name in IMAGES} == {
        "mnist": "141a5466a4035777",
        "fashion_mnist": "589af5f3b7d80eb9",
        "cifar10": "d2c9dc99c72e770f",
        "cifar100": "53041007365079d7",
        "svhn": "a70afec05ed89b7a",
        "kmnist": "93e6b3804c85c2b0",
        "emnist_letters": "d44dfe26d98cd1a4",
        "emnist_balanced": "0e8126352ca969b0",
        "emnist_digits": "763acebc552431c3",
    }


def test_a_fingerprint_covers_content_and_preprocessing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other files or another normalisation are other data; another directory is not."""
    known = IMAGES["mnist"]
    assert replace(known, test_files=IMAGES["fashion_mnist"].test_files).fingerprint != known.fingerprint
    assert replace(known, preprocessing=Preprocessing(0.1307, 0.3081)).fingerprint != known.fingerprint
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    assert describe_dataset("mnist").fingerprint == known.fingerprint


def test_describing_waits_for_no_library(tmp_path: Path) -> None:
    """Neither torch nor torchvision is imported to say what an image dataset is."""
    code = (
        "import sys; from privsearch.data import describe_dataset, list_datasets\n"
        "describe_dataset('cifar10'); list_datasets()\n"
        "print(sorted({'torch', 'torchvision'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
