import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from pyarrow.fs import FileSystem
from s3_server import S3Server, s3_serving

from privsearch.errors import StudyError
from privsearch.spec.storage import folder_in, is_uri
from privsearch.study.storage import Folder, open_folder, probe


@pytest.fixture(params=["local", "memory", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """A folder that is not there yet: on a disk, on a file system of fsspec, on a server that speaks S3."""
    match request.param:
        case "local":
            return open_folder(tmp_path / "a" / "b")
        case "memory":
            return open_folder(f"memory:/{tmp_path}/b")
        case _:
            server: S3Server = request.getfixturevalue("s3")
            return open_folder(folder_in(server.new_bucket(), "a", "b"))


def test_what_is_written_is_there_to_read(folder: Folder) -> None:
    """Whole, under its name alone, and over what was there before; what was never written is not there."""
    assert folder.names() == set()
    assert folder.read("x") is None
    for content in (b"first", os.urandom(100_000), b""):
        folder.write("x", content)
        assert folder.read("x") == content
    assert folder.names() == {"x"}
    assert folder.read("y") is None


def test_a_file_is_moved_and_removed(folder: Folder) -> None:
    """It is gone from the names, and what was moved lies where it is said to."""
    folder.write("x", b"content")
    folder.write("y", b"")
    where = folder.move("x", "damaged")
    folder.remove("y")
    assert folder.names() == set()
    beside = open_folder(where.replace("/x", "") if is_uri(where) else Path(where).parent)
    assert beside.read("x") == b"content"


def test_age_is_that_of_the_file(folder: Folder) -> None:
    """A new file's is next to nothing, and one that is gone has none."""
    folder.write("x", b"")
    assert 0 <= folder.age("x") < 60
    assert folder.age("gone") == 0


def test_a_file_from_the_future_has_no_age(tmp_path: Path) -> None:
    """As where the clock has gone backwards since: it may have been written just now, and is left alone."""
    folder = open_folder(tmp_path)
    folder.write("x", b"1")
    os.utime(tmp_path / "x", (2**33, 2**33))
    assert folder.age("x") == 0


def test_probing_leaves_nothing_behind(folder: Folder) -> None:
    """A folder that can be used is as empty as before."""
    probe(folder)
    assert folder.names() == set()


def test_a_full_disk_costs_only_what_is_being_written(tmp_path: Path) -> None:
    """What was there stays, nothing unfinished is left to fill the disk, and the reason is told."""
    folder = open_folder(tmp_path)
    folder.write("x", b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StudyError, match="must be writable, but: File too large"):
            folder.write("x", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert folder.names() == {"x"}
    assert folder.read("x") == b"before"


def test_a_path_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """Reading and writing alike say where and why."""
    (tmp_path / "file").touch()
    folder = open_folder(tmp_path / "file")
    for use in (folder.names, lambda: folder.read("x"), lambda: folder.write("x", b"")):
        with pytest.raises(
            StudyError, match=r"file: what is kept must lie .*, but: (Not a directory|File exists); mend"
        ):
            use()


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("nope://host/folder", "Protocol not known: nope"),
        ("reference://host/folder", "ReferenceFileSystem.__init__() missing 1 required positional argument"),
        ("s3://bucket/folder?nonsense=1", "Unexpected query parameter in S3 URI: 'nonsense'"),
    ],
)
def test_a_file_system_that_cannot_be_opened_is_told(uri: str, reason: str) -> None:
    """Whatever error it raises, the message has the address, the reason, and what to do."""
    with pytest.raises(StudyError) as caught:
        probe(open_folder(uri))
    message = str(caught.value)
    assert message.startswith(f"{uri}: what is kept must lie where files can be written and read, but: {reason}")
    assert message.endswith("; mend that, or name another place with --storage")


def test_a_bucket_that_is_not_there_is_told(s3: S3Server) -> None:
    """Nothing is kept in it, and nothing can be."""
    folder = open_folder(folder_in(s3.uri("no-such-bucket"), "a"))
    assert folder.names() == set()
    with pytest.raises(StudyError, match="NO_SUCH_BUCKET"):
        probe(folder)


def test_an_object_is_there_when_it_is_whole(s3: S3Server) -> None:
    """While it is being sent, in parts since it is large, no reader sees any of it."""
    uri = folder_in(s3.new_bucket(), "a")
    assert isinstance(uri, str)
    system, base = FileSystem.from_uri(uri)
    with system.open_output_stream(f"{base}/x", compression=None) as stream:
        stream.write(bytes(12_000_000))
        stream.flush()
        assert open_folder(uri).names() == set()
        assert open_folder(uri).read("x") is None
    assert open_folder(uri).names() == {"x"}


def test_a_write_that_fails_leaves_nothing_unfinished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a file system where a file is seen while it grows, the part of it is removed."""

    def put(system: Any, path: str, content: bytes) -> None:
        with system.open_output_stream(path, compression=None) as stream:
            stream.write(content[:3])
        raise OSError("connection lost")

    folder = open_folder(f"memory:/{tmp_path}/b")
    monkeypatch.setattr("privsearch.study.storage._put", put)
    with pytest.raises(StudyError, match="connection lost"):
        folder.write("x", b"content")
    assert folder.names() == set()


@pytest.mark.slow
def test_a_server_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    """It is asked again for a few seconds, and no longer."""
    with s3_serving() as server:
        folder = open_folder(folder_in(server.new_bucket(), "a"))
        folder.write("x", b"content")
        server.process.kill()
        server.process.wait()
        started = time.monotonic()
        with pytest.raises(StudyError, match="NETWORK_CONNECTION"):
            folder.write("y", b"")
        assert time.monotonic() - started < 60
