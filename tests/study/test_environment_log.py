from pathlib import Path

from privsearch.study.environment_log import EnvironmentLog, read_environments


def test_lines_that_hold_no_object_are_damaged(tmp_path: Path) -> None:
    """The others are read, the latest last."""
    path = tmp_path / "environments.jsonl"
    path.write_bytes(b'{"a": 1}\n[]\n{"torn\n"text"\n{"b": 2}\n')
    log = read_environments(path)
    assert log.environments == ({"a": 1}, {"b": 2})
    assert [line.number for line in log.damaged] == [2, 3, 4]


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    """A study that has not begun has run nowhere."""
    assert read_environments(tmp_path / "environments.jsonl") == EnvironmentLog()
