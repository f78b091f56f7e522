import socket
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torchvision.datasets

from privsearch.data.fetch import fetch_images
from privsearch.data.image_sources import IMAGES
from privsearch.data.images import ARRAYS
from privsearch.errors import DataError


@pytest.fixture
def timeouts(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Cuts the network; holds the timeout of every attempt."""
    seen: list[float | None] = []

    def refuse(*args: Any, **kwargs: Any) -> None:
        seen.append(socket.getdefaulttimeout())
        raise URLError("Name or service\nnot known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return seen


@pytest.mark.parametrize("name", IMAGES)
def test_no_network_is_one_clear_line(
    name: str, timeouts: list[float | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed, why, what can be done instead; no server is waited for without end, and no setting stays behind."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError) as caught:
        list(fetch_images([name]))
    message = str(caught.value)
    assert message.startswith(f"{name}: its files must be downloaded to {tmp_path / IMAGES[name].folder}, but: ")
    assert "Name or service not known" in message
    assert "\n" not in message
    assert message.endswith(", ".join(IMAGES[name].files))
    assert timeouts
    assert all(timeout is not None and timeout <= 30 for timeout in timeouts)
    assert socket.getdefaulttimeout() == before


def test_what_is_there_is_checked_and_not_downloaded(tiny_mnist: Path, timeouts: list[float | None]) -> None:
    """A second fetch needs no network, and leaves the arrays ready."""
    assert list(fetch_images(["mnist"])) == [tiny_mnist]
    assert timeouts == []
    arrays = tiny_mnist.parents[1] / "privsearch-arrays" / "mnist"
    assert set(ARRAYS) <= {path.name for path in arrays.iterdir()}


def test_a_download_that_brings_other_files_is_refused(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torchvision's word is not taken for it: every file is checked."""
    missing = tiny_mnist / "t10k-images-idx3-ubyte"
    missing.unlink()

    def bring(directory: Path, *, download: bool) -> None:
        missing.write_bytes(b"another file")

    monkeypatch.setattr(torchvision.datasets, "MNIST", bring)
    with pytest.raises(DataError, match=rf"{missing} must have the MD5 checksum"):
        list(fetch_images(["mnist"]))


def test_a_download_replaces_what_is_missing(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torchvision is asked for the dataset in the data directory, and what it brings is used."""
    missing = tiny_mnist / "t10k-images-idx3-ubyte"
    content = missing.read_bytes()
    missing.unlink()

    def bring(directory: Path, *, download: bool) -> None:
        assert download
        (directory / IMAGES["mnist"].folder / missing.name).write_bytes(content)

    monkeypatch.setattr(torchvision.datasets, "MNIST", bring)
    assert list(fetch_images(["mnist"])) == [tiny_mnist]


@pytest.mark.parametrize("name", [name for name in IMAGES if IMAGES[name].urls])
def test_single_files_are_downloaded_by_their_checksums(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torchvision's own function is given its own address, and the checksum that is compared again when it is read."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path))
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(torchvision.datasets.utils, "download_url", lambda *given: asked.append(given))
    with pytest.raises(DataError, match="bring it with"):
        list(fetch_images([name]))
    known = IMAGES[name]
    theirs = getattr(torchvision.datasets, known.torchvision_name)
    told = str(vars(theirs))
    assert {file for _, _, file, _ in asked} == set(known.files)
    for url, folder, file, checksum in asked:
        assert (folder, checksum) == (tmp_path / known.folder, known.files[file])
        assert checksum in told
        assert url.removesuffix(file) in told


def test_all_names_are_checked_before_any_download(timeouts: list[float | None]) -> None:
    """A misspelt name is answered with the nearest, at once."""
    with pytest.raises(DataError, match=r"'mnist', 'fashion_mnist', 'cifar10', .* can be fetched, .* mean 'cifar10'\?"):
        list(fetch_images(["mnist", "cifar-10"]))
    assert timeouts == []
