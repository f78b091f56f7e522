"""Checksums of lines of JSON, each in the last field of its line, so that a line that was changed later is known."""

import hashlib
import re
from typing import Final

CHECKSUM_BYTES: Final = 30
"""The bytes by which a checksum makes a line longer."""

_LAST_FIELD: Final = re.compile(rb',\s*"checksum"\s*:\s*"([^"]*)"\s*\}\s*\Z')
_LONGEST_END: Final = 200
"""The bytes at the end of a line in which its last field is looked for."""


class ChangedLineError(ValueError):
    """A line does not say any more what it said when it was written."""


def with_checksum(line: bytes) -> bytes:
    """Return a line that holds a JSON object of one field or more, with its checksum as one more field, the last."""
    said = line.removesuffix(b"}")
    return b'%s,"checksum":"%s"}' % (said, _checksum(said))


def without_checksum(line: bytes) -> bytes:
    """Return a line as it was before it got its checksum; as it is if it has none, as those of earlier versions.

    Raises:
        ChangedLineError: the line is another than the one that its checksum was made of.
    """
    found = _LAST_FIELD.search(line, max(0, len(line) - _LONGEST_END))
    if found is None:
        return line
    said = line[: found.start()]
    if _checksum(said) != found[1]:
        raise ChangedLineError("it was changed after it was written: its checksum is not that of what it says")
    return said + b"}"


def _checksum(said: bytes) -> bytes:
    """Compute 64 bits, which tell an accident or a hand that knows nothing of them, not one that means to deceive."""
    return hashlib.sha256(said).hexdigest()[:16].encode()
