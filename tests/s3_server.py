"""A server that speaks S3, on this machine, and its buckets."""

import itertools
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass
class S3Server:
    """A running server.

    Attributes:
        address: its host and port.
        process: what it runs in.
    """

    address: str
    process: "subprocess.Popen[bytes]"
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def new_bucket(self) -> str:
        """The URI of a bucket that has just been made."""
        name = f"bucket-{next(self._numbers)}"
        make = urllib.request.Request(f"http://{self.address}/{name}", method="PUT")
        with urllib.request.urlopen(make, timeout=30):  # noqa: S310
            return self.uri(name)

    def uri(self, bucket: str) -> str:
        """The URI of a bucket, whether it is there or not."""
        return f"s3://{bucket}?scheme=http&endpoint_override={self.address}&region=us-east-1"


@contextmanager
def s3_serving() -> Iterator[S3Server]:
    """Start a server on a free port of the loopback interface, and kill it at the end."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    # A file, since nobody reads on, and a pipe that is full would stop the server.
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "log").open("w+") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            yield S3Server(_address(Path(folder) / "log"), process)
        finally:
            process.kill()


def _address(log: Path) -> str:
    """Where the server that writes this log listens, once it does."""
    deadline = time.monotonic() + 60
    while not (found := re.search(r"http://(127\.0\.0\.1:\d+)", log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return found[1]
