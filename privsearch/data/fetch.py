"""Downloads of the image datasets through torchvision."""

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from privsearch.data.directory import data_directory
from privsearch.data.image_sources import IMAGES
from privsearch.data.images import prepared_folder, what_is_missing
from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError

SECONDS_OF_SILENCE: Final = 20.0
"""The seconds without an answer from a server after which a download is given up."""


def fetch_images(names: Sequence[str]) -> Iterator[Path]:
    """Download datasets that are not yet in the data directory, check all of them and prepare their arrays.

    Yields:
        The folder that holds a dataset's files, for each dataset when it is ready.

    Raises:
        DataError: a name is not that of an image dataset, a download failed, or a file has a wrong checksum.
    """
    for name in names:
        if name not in IMAGES:
            raise DataError(
                f"only the datasets {listed(IMAGES)} can be fetched, but got {name!r}.{did_you_mean(name, [*IMAGES])}"
            )
    for name in names:
        if what_is_missing(name):
            _download(name)
        prepared_folder(name)
        yield data_directory() / IMAGES[name].folder


def _download(name: str) -> None:
    import torchvision.datasets  # here, because the import takes seconds and is seldom needed
    from torchvision.datasets.utils import download_url

    source, directory = IMAGES[name], data_directory()
    try:
        with _sockets_with_timeout():
            for file, url in source.urls.items():
                download_url(url, directory / source.folder, file, source.files[file])
            if not source.urls:
                getattr(torchvision.datasets, source.torchvision_name)(directory, download=True)
    except (RuntimeError, OSError, EOFError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{name}: its files must be downloaded to {directory / source.folder}, but: {reason}; try again where the "
            f"network reaches torchvision's servers, or copy these files there: {', '.join(source.files)}"
        ) from error


@contextmanager
def _sockets_with_timeout() -> Iterator[None]:
    """Give up on a silent server, because torchvision itself sets no timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_OF_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
