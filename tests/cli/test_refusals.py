"""Sweeps and attacks that are refused leave no trace, whatever the reason and wherever it is found."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import INLINE, files, run

from privsearch.api.study import Study
from privsearch.spec.sweep_file import read_sweep
from privsearch.study import lock

pytestmark = pytest.mark.usefixtures("blank_fronts", "forgetting")

STUDY = Path("studies/tiny")
ON_RAY = ("--runner", "tune", "--workers", "1")
SEARCH = ("--set", "search={trials: 2, space: {model: [ann]}}")
UNSENDABLE = """\
import threading

from privsearch import register_attack

LOCK = threading.Lock()


@register_attack("unsendable")
def unsendable(view):
    with LOCK:
        return view.outputs
"""


@dataclass(frozen=True)
class Refusal:
    """Words behind the command, and what is said of them.

    Attributes:
        words: the words.
        message: a part of the message.
        status: the exit status.
        prepare: makes what is wrong, before the file system is looked at.
        broken: the name of a function that the system refuses to carry out.
        ray_folder: where Ray is to write, which cannot be; empty for the place where it writes by itself.
    """

    words: tuple[str, ...]
    message: str
    status: int = 2
    prepare: Callable[[], object] = lambda: None
    broken: str = ""
    ray_folder: str = ""

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the system refuse."""
        if self.broken:
            monkeypatch.setattr(self.broken, _refuse)
        if self.ray_folder:
            monkeypatch.setenv("RAY_TMPDIR", self.ray_folder)


def _another_study() -> None:
    """A study that a newer version has written."""
    other = Study(Path("other"))
    other.begin(read_sweep(Path("tiny.yaml")), {}, {})
    other.record_path.write_text("{}\n{}\n")


def _unsendable() -> None:
    Path("mine.py").write_text(UNSENDABLE)


REFUSALS = {
    "a GPU that is not there": Refusal(
        (*INLINE, "--set", "resources.gpu=1"), "must be 0 or null where there is no GPU"
    ),
    "a GPU that Ray does not find": Refusal((*ON_RAY, "--set", "resources.gpu=1"), "and Ray finds none"),
    "what only clusters have": Refusal((*ON_RAY, "--set", "resources.custom={tpu: 1}"), "name a Ray cluster that has"),
    "a cluster that is not there": Refusal(("--address", "127.0.0.1:1"), "--address: must be a Ray cluster", 3),
    "a Ray that cannot start": Refusal(
        ON_RAY, "Ray must start on this machine, but does not", 3, ray_folder="/dev/null/ray"
    ),
    "a cluster without Ray": Refusal((*INLINE, "--address", "auto"), "must come with --runner tune"),
    "a storage below a file": Refusal((*INLINE, "--storage", "tiny.yaml/kept"), "storage"),
    "a storage of no known kind": Refusal((*INLINE, "--storage", "nothing://kept"), "storage"),
    "a study to start from that cannot be read": Refusal(
        (*INLINE, *SEARCH, "--from", "other"), "must hold results that this version", prepare=_another_study
    ),
    "an attack that cannot be sent": Refusal(
        (*ON_RAY, "--plugin", "mine.py", "--set", "attacks=[unsendable]"), "can be sent to workers", prepare=_unsendable
    ),
    "data that are not there": Refusal((*INLINE, "--set", "datasets=[{name: a, path: a.npz}]"), "a.npz"),
    "a port without a page": Refusal((*INLINE, "--port", "1"), "--port: must come with --serve"),
    "a port that is not to be had": Refusal(
        (*INLINE, "--serve", "--port", "1"), "1 is not to be had: no", broken="socket.create_server"
    ),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of one trial of the sweep."""
    from tiny_sweep import TINY_SWEEP

    folder = tmp_path_factory.mktemp("begun")
    (folder / "tiny.yaml").write_text(TINY_SWEEP)
    one = ("--set", "grids={one: {model: [ann]}}", "--study", folder / STUDY)
    assert run("sweep", folder / "tiny.yaml", *INLINE, *one).exit_code == 0
    return folder


@pytest.fixture
def folder(request: pytest.FixtureRequest, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml, and a study or none."""
    ignored = shutil.ignore_patterns("studies") if request.param == "no study" else None
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True, ignore=ignored)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _entries(folder: Path) -> dict[Path, bytes | None]:
    """All that lies in a folder, but what Python compiles of a plugin: files with their content, and folders."""
    found = dict.fromkeys(folder.rglob("*")) | files(folder)
    return {path: content for path, content in found.items() if "__pycache__" not in path.parts}


def _refused(words: tuple[str, ...], refusal: Refusal, folder: Path) -> None:
    refusal.prepare()
    before = _entries(folder)
    result = run(*words, *refusal.words)
    assert (result.exit_code, refusal.message in result.stderr) == (refusal.status, True), result.output
    assert "Traceback" not in result.output
    assert _entries(folder) == before


ON_RAY_ITSELF = {"a GPU that Ray does not find": "no study", "an attack that cannot be sent": "a study"}
"""What is refused once a Ray has started, which takes its time, and so is tried in one of the folders alone."""


def _slow(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if name in ON_RAY_ITSELF else []


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        pytest.param(folder, name, marks=_slow(name))
        for name in REFUSALS
        for folder in ("no study", "a study")
        if ON_RAY_ITSELF.get(name, folder) == folder
    ],
    indirect=["folder"],
)
def test_a_refused_sweep_leaves_no_trace(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of a study, nor one above it, and no byte of a study that was there."""
    refusal = REFUSALS[name]
    refusal.apply(monkeypatch)
    _refused(("sweep", "tiny.yaml"), refusal, folder)


def _refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EACCES, "no")


ATTACK_REFUSALS = {
    "a cluster that is not there": REFUSALS["a cluster that is not there"],
    "a Ray that cannot start": REFUSALS["a Ray that cannot start"],
    "an attack that cannot be sent": Refusal(
        (*ON_RAY, "--plugin", "mine.py"), "can be sent to workers", prepare=_unsendable
    ),
    "signals that were not kept": Refusal(
        INLINE, "the signals of every trial must be kept", prepare=lambda: (STUDY / "signals").rename("kept")
    ),
}


@pytest.mark.parametrize("folder", ["a study"], indirect=True)
@pytest.mark.parametrize("name", [pytest.param(name, marks=_slow(name)) for name in ATTACK_REFUSALS])
def test_a_refused_attack_leaves_no_trace(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte of the study changes."""
    refusal = ATTACK_REFUSALS[name]
    refusal.apply(monkeypatch)
    attack = "unsendable" if "sent" in name else "loss"
    _refused(("attack", str(STUDY), "--attack", attack), refusal, folder)


SPOILT: dict[str, Callable[[], object]] = {
    "plan.json": lambda: _become_a_folder("plan.json"),
    "search.jsonl": lambda: _become_a_folder("search.jsonl"),
    "environments.jsonl": lambda: _become_a_folder("environments.jsonl"),
    ".lock": lambda: _become_a_folder(".lock"),
    "signals": lambda: (shutil.rmtree(STUDY / "signals"), (STUDY / "signals").touch()),
    "a link": lambda: (STUDY / "signals" / "out").symlink_to("/"),
}


def _become_a_folder(name: str) -> None:
    (STUDY / name).unlink(missing_ok=True)
    (STUDY / name).mkdir()


@pytest.mark.parametrize("folder", ["a study"], indirect=True)
@pytest.mark.parametrize("what", SPOILT)
def test_a_study_that_cannot_be_written_is_left_alone(what: str, folder: Path) -> None:
    """Whichever of its files is in the way, none of the others has changed when that is told."""
    _refused(("sweep", "tiny.yaml"), Refusal(INLINE, "studies/tiny", prepare=SPOILT[what]), folder)


@pytest.mark.parametrize("folder", ["a study"], indirect=True)
def test_a_study_that_is_held_is_left_alone(folder: Path) -> None:
    """Not even the holder's own files are touched."""
    with lock.locked(STUDY):
        _refused(("sweep", "tiny.yaml"), Refusal(INLINE, f"process {os.getpid()} on"), folder)


@pytest.mark.parametrize("name", ["plan.json", "sweep.yaml"])
@pytest.mark.parametrize("folder", ["no study"], indirect=True)
def test_a_study_that_cannot_be_begun_is_none(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while the first files are written is left without them."""
    from privsearch._util import disk

    written = disk.replace_file

    def replace(path: Path, content: str | bytes) -> None:
        if path.name == name:
            raise _full(path)
        written(path, content)

    monkeypatch.setattr(disk, "replace_file", replace)
    _refused(("sweep", "tiny.yaml"), Refusal(INLINE, "no room for"), folder)


def _full(path: Path) -> Exception:
    from privsearch.errors import StudyError

    return StudyError(f"no room for {path}")


@pytest.mark.parametrize("folder", ["no study"], indirect=True)
def test_a_beginning_that_was_killed_stops_nobody(folder: Path) -> None:
    """What the killed process had written before its study was one is written again."""
    STUDY.mkdir(parents=True)
    (STUDY / "environments.jsonl").write_text("{}\n")
    (STUDY / "plan.json").write_text("{}")
    assert run("sweep", "tiny.yaml", *INLINE, "--set", "grids={one: {model: [ann]}}").exit_code == 0
    (STUDY / "sweep.yaml").unlink()
    assert "holds other files" in run("sweep", "tiny.yaml", *INLINE).stderr
