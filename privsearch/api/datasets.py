"""The call that downloads datasets."""

from pathlib import Path


def fetch_datasets(*names: str) -> list[Path]:
    """Download image datasets such as mnist or svhn, check their files, and return their folders.

    Raises:
        DataError: a name is none of theirs, a download failed, or a file has another checksum than it must have.
    """
    from privsearch.data.fetch import fetch_images

    return list(fetch_images(names))
