import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import make_failed

from privsearch.api.study import Study
from privsearch.errors import StudyError, StudyLostError
from privsearch.study import lock

HEARTBEAT = 0.1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that is touched, and looked after, ten times a second."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", HEARTBEAT)


@pytest.fixture(autouse=True)
def heeds_interrupts() -> Iterator[None]:
    """Ctrl-C interrupts, even where the tests were started in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study without any file yet."""
    return Study(tmp_path / "study")


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def _replaced(folder: Path) -> None:
    _moved(folder)
    folder.mkdir()


def _linked(folder: Path) -> None:
    _replaced(folder)
    folder.rename(folder.with_name("others"))
    folder.symlink_to("others")


def _unlocked(folder: Path) -> None:
    for name in (".lock", ".lease", ".holder.json"):
        (folder / name).unlink()


def _taken_over(folder: Path) -> None:
    _unlocked(folder)
    (folder / ".lease").touch()


MOVES: dict[str, Callable[[Path], object]] = {"moved": _moved, "replaced": _replaced, "a link": _linked}
LOSSES: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "unlocked": _unlocked,
    "taken over": _taken_over,
}


@pytest.mark.parametrize("how", [*MOVES, *LOSSES])
def test_a_loss_is_noticed_within_a_heartbeat(how: str, study: Study) -> None:
    """A holder that only waits is interrupted and told; what stands in the folder's place is left alone."""
    there: set[Path] = set()

    def wait() -> None:
        with study.locked():
            (study.path / "notes").touch()
            (MOVES | LOSSES)[how](study.path)
            there.update(study.path.parent.glob("study*/**/*"), study.path.parent.glob("study*"))
            time.sleep(60)

    began = time.monotonic()
    with pytest.raises(StudyLostError, match=r"study: must .*run the same command again"):
        wait()
    assert time.monotonic() - began < 10
    assert there == {*study.path.parent.glob("study*/**/*"), *study.path.parent.glob("study*")}


def _record_two(study: Study, between: Callable[[Path], object]) -> None:
    """Record a result, have something done to the study's folder, and record another."""
    with study.locked(), study.record_writer() as record:
        record.append(make_failed("a" * 16))
        between(study.path)
        record.append(make_failed("b" * 16))


@pytest.mark.parametrize("how", MOVES)
def test_a_result_in_hand_goes_where_the_study_has_gone(
    how: str, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has finished, and the study that was moved is still the study; nothing is written in its old place."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 90.0)
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 60.0)
    with pytest.raises(StudyLostError, match="must stay where it is"):
        _record_two(study, between=MOVES[how])
    moved = study.path.with_name("moved")
    assert set(Study(moved).record().results) == {"a" * 16, "b" * 16}
    assert not study.path.exists() or not list(study.path.iterdir())
    with Study(moved).locked():
        """It can be gone on with there."""


@pytest.mark.parametrize("how", LOSSES)
def test_a_line_is_not_written_into_what_another_may_write(
    how: str, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result in hand is run again by whoever holds the study now; what was recorded stays."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 90.0)
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 60.0)
    with pytest.raises(StudyLostError, match=r"another may have taken over|was moved or deleted"):
        _record_two(study, between=LOSSES[how])
    assert set(study.record().results) == ({"a" * 16} if how != "deleted" else set())


def test_a_folder_that_is_moved_and_linked_is_the_same(study: Study) -> None:
    """Whoever makes room on a disk so need not stop the sweep."""
    with study.locked(), study.record_writer() as record:
        _moved(study.path)
        study.path.symlink_to("moved")
        record.append(make_failed("a" * 16))
        time.sleep(3 * HEARTBEAT)
    assert set(study.record().results) == {"a" * 16}


def test_a_note_of_the_holder_is_only_a_note(study: Study) -> None:
    """A sweep does not end because the file that names it is deleted."""
    with study.locked(), study.record_writer() as record:
        (study.path / ".holder.json").unlink()
        time.sleep(3 * HEARTBEAT)
        record.append(make_failed("a" * 16))


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_record_that_is_deleted_is_noticed(how: str, study: Study) -> None:
    """At the next line, which would be lost with it."""
    with study.locked(), study.record_writer() as record:
        record.append(make_failed("a" * 16))
        if how == "deleted":
            study.record_path.unlink()
        else:
            shutil.copy(study.record_path, study.path / "copy")
            (study.path / "copy").replace(study.record_path)
        with pytest.raises(StudyError, match=r"trials.jsonl: must be writable, but: it was deleted or replaced"):
            record.append(make_failed("b" * 16))


def test_signals_do_not_make_a_study_that_was_moved_again(study: Study) -> None:
    """A worker that is behind says that they could not be kept; where they are kept elsewhere, folders are made."""
    with study.locked():
        signals = study.signals
        signals.files.write("a", b"signals")
    shutil.rmtree(study.path)
    with pytest.raises(StudyError, match="No such file"):
        signals.files.write("b", b"signals")
    assert not study.path.exists()
