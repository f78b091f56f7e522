from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from privsearch.errors import SpecError
from privsearch.spec.storage import check_storage, folder_in
from privsearch.spec.sweep_file import read_sweep


def test_a_path_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Relative to the current directory; a file: URI is a path too."""
    monkeypatch.chdir(tmp_path)
    assert check_storage("kept/here/") == str(tmp_path / "kept" / "here")
    assert check_storage("file:///kept/here/") == check_storage("/kept/here") == "/kept/here"


@pytest.mark.parametrize(
    ("given", "spelt"),
    [
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/?region=eu-west-1", "s3://bucket/a?region=eu-west-1"),
        ("gs://anonymous@bucket/a", "gs://anonymous@bucket/a"),
        ("sftp://me@host:22/a", "sftp://me@host:22/a"),
        ("memory://a", "memory://a"),
    ],
)
def test_a_storage_is_spelt_in_one_way(given: str, spelt: str) -> None:
    """What is spelt so already stays as it is."""
    assert check_storage(given) == check_storage(spelt) == spelt


def test_a_file_uri_is_a_path_on_this_machine() -> None:
    """With its escapes read, and of no other machine."""
    assert check_storage("file:///kept/my%20signals") == check_storage("file://localhost/kept/my signals")
    with pytest.raises(ValueError, match="no URI of a folder on this machine"):
        check_storage("file://elsewhere/kept")


@pytest.mark.parametrize("path", ["", "a\0b", "a\udcff"])
def test_what_no_path_can_be_is_refused(path: str) -> None:
    """Nothing, and what no file system or no study can write down."""
    with pytest.raises(ValueError, match=r"no path|surrogates not allowed"):
        check_storage(path)


@pytest.mark.parametrize("uri", ["://a", "s3://", "s3:///", "3s://a", "s3://[a"])
def test_what_looks_like_a_uri_must_be_one(uri: str) -> None:
    """It is no path in disguise."""
    with pytest.raises(ValueError, match=r"no URI of a folder|Invalid IPv6 URL"):
        check_storage(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://key:hush@bucket/a",
        "sftp://me:hush@host/a",
        "s3://bucket/a?secret_key=hush",
        "abfs://container@account/a?client_id=1&client_secret=hush",
        "abfs://container@account/a?sig=hush",
        "abfs://container@account/a?SAS_TOKEN=",
    ],
)
def test_a_secret_is_refused_and_not_repeated(uri: str) -> None:
    """Neither the study nor a log may have it."""
    with pytest.raises(PydanticCustomError, match="must have no password, key or token in it") as caught:
        check_storage(uri)
    assert "hush" not in str(caught.value)


def test_folders_in_a_storage() -> None:
    """Parts are added to the path, whatever stands behind it."""
    assert folder_in("/kept", "tiny", "signals") == Path("/kept/tiny/signals")
    assert folder_in("s3://bucket", "tiny", "signals") == "s3://bucket/tiny/signals"
    assert folder_in("s3://bucket/a?region=x", "tiny") == "s3://bucket/a/tiny?region=x"


def test_a_relative_storage_is_where_it_is_written(
    tiny_sweep_file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the sweep file, relative to that, as the paths of datasets; on the command line, to where that is typed."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    with tiny_sweep_file.open("a") as file:
        file.write("storage: kept\n")
    assert read_sweep(tiny_sweep_file).storage == str(tiny_sweep_file.parent / "kept")
    assert read_sweep(tiny_sweep_file, ["storage=kept"]).storage == str(elsewhere / "kept")


def test_the_storage_of_a_sweep_file(tiny_sweep_file: Path) -> None:
    """It is read back as it was written, and a mistake in it has its place."""
    sweep = read_sweep(tiny_sweep_file, ["storage=s3://bucket/a/"])
    assert sweep.storage == "s3://bucket/a"
    copy = tiny_sweep_file.with_name("copy.yaml")
    copy.write_text(sweep.to_yaml())
    assert read_sweep(copy) == sweep
    assert read_sweep(tiny_sweep_file, ["storage=null"]).storage is None
    rule = "must be a path, a URI such as s3://bucket/folder, or null for the study's own directory"
    for value, message in (
        ("3", f"storage: {rule}, but got 3"),
        ("s3://", f"storage: {rule}, but got 's3://'"),
        ("''", f"storage: {rule}, but got ''"),
        ("s3://key:hush@bucket", "storage: must have no password, key or token in it"),
    ):
        tiny_sweep_file.write_text(sweep.to_yaml().replace("storage: s3://bucket/a", f"storage: {value}"))
        with pytest.raises(SpecError) as caught:
            read_sweep(tiny_sweep_file)
        assert str(caught.value).startswith(f"{tiny_sweep_file}:")
        assert message in str(caught.value)
        assert "hush" not in str(caught.value)
