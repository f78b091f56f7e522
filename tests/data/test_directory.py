from pathlib import Path

import pytest

from privsearch.data.directory import data_directory, use_data_directory


def test_the_variable_names_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PRIVSEARCH_DATA_DIR counts, with ~ for the home directory, and comes back absolute."""
    monkeypatch.chdir(tmp_path)
    for given, expected in (("data", tmp_path / "data"), ("/data", Path("/data")), ("~/data", Path.home() / "data")):
        monkeypatch.setenv("PRIVSEARCH_DATA_DIR", given)
        assert data_directory() == expected


def test_by_default_it_is_in_the_cache_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME where it is set, ~/.cache where not."""
    monkeypatch.delenv("PRIVSEARCH_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert data_directory() == Path("/cache/privsearch")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_directory() == Path.home() / ".cache" / "privsearch"


def test_a_choice_is_kept_for_workers_in_other_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative path still means the same after a change of directory; no choice leaves the last one."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", "/elsewhere")
    monkeypatch.chdir(tmp_path)
    use_data_directory(Path("data"))
    use_data_directory(None)
    monkeypatch.chdir("/")
    assert data_directory() == tmp_path / "data"
