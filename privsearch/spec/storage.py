"""The storage of what a study keeps: a folder by its path, or a folder on another file system by its URI."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic_core import PydanticCustomError

STORAGE_RULE: Final = "a path, a URI such as s3://bucket/folder, or null for the study's own directory"

_SECRET: Final = re.compile(r"secret|password|passwd|token|key|^sig$", re.IGNORECASE)


def is_uri(storage: str) -> bool:
    """Return whether a storage is the URI of a folder, and no path."""
    return "://" in storage


def check_storage(given: str) -> str:
    """Return a storage in its one spelling: a path is absolute, and nothing ends with a slash.

    Raises:
        PydanticCustomError: the URI has a password in it, which would be written into the study.
        ValueError: the storage is neither a path nor the URI of a folder, or no text in UTF-8.
    """
    given.encode()
    if not given or "\0" in given:
        raise ValueError("no path")
    if not is_uri(given):
        return str(Path(given).absolute())
    uri = urlsplit(given)
    if uri.password is not None or any(map(_SECRET.search, dict(parse_qsl(uri.query, keep_blank_values=True)))):
        sentence = (
            "must have no password, key or token in it, for it is written into the study, but this one has; give these "
            "to the file system as its other programs have them, such as in AWS_PROFILE or ~/.aws/credentials for s3"
        )
        raise PydanticCustomError("secret_in_uri", "{sentence}", {"sentence": sentence})
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", uri.scheme) or not uri.netloc + uri.path.strip("/"):
        raise ValueError("no URI of a folder")
    if uri.scheme == "file":
        if uri.netloc not in {"", "localhost"}:
            raise ValueError("no URI of a folder on this machine")
        return str(Path(unquote(uri.path)).absolute())
    return uri._replace(path=uri.path.rstrip("/")).geturl()


def folder_in(storage: str, *parts: str) -> Path | str:
    """Return the path, or the URI, of a folder in a storage."""
    if not is_uri(storage):
        return Path(storage, *parts)
    uri = urlsplit(storage)
    return uri._replace(path="/".join([uri.path, *parts])).geturl()
