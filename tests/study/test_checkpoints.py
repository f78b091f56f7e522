import os
from pathlib import Path

import pytest
import torch

from privsearch.errors import StudyError
from privsearch.spec import SweepSpec
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.folder import StudyFolder


@pytest.fixture(params=["a disk", "another file system"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointArchive:
    """Checkpoints in a folder that is not there yet."""
    return CheckpointArchive(tmp_path / "c" if request.param == "a disk" else f"memory:/{tmp_path}/c")


def test_a_network_has_one_checkpoint_at_a_time(archive: CheckpointArchive) -> None:
    """The last one, until it is removed; what was never there is removed without an error."""
    archive.remove("n")
    assert archive.load("n") is None
    for content in (b"first", b"second"):
        archive.save("n", content)
        archive.save("m", b"other")
        assert archive.load("n") == content
    assert archive.network_ids() == {"n", "m"}
    archive.remove("n")
    assert (archive.network_ids(), archive.load("n"), archive.load("m")) == ({"m"}, None, b"other")


def test_one_that_is_cut_short_by_a_kill_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, under its name; the part beside it is known as unfinished once it is old."""
    archive = CheckpointArchive(tmp_path)
    archive.save("n", b"first")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(SystemExit))
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            archive.save("n", b"second")
    assert archive.load("n") == b"first"
    assert archive.network_ids() == {"n"}
    for part in tmp_path.glob(".*"):
        os.utime(part, (0, 0))
    assert len(archive.remove_leftovers()) == 1


def test_damage_is_found_without_torch(archive: CheckpointArchive, tmp_path: Path) -> None:
    """By the checksums of the file."""
    torch.save({"weights": torch.arange(1000)}, tmp_path / "whole.pt")
    content = (tmp_path / "whole.pt").read_bytes()
    archive.save("n", content)
    archive.save("m", content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    assert list(archive.damaged()) == ["m"]


def test_one_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be read back is not written."""
    monkeypatch.setattr("privsearch.study.checkpoints.MAX_BYTES", 5)
    with pytest.raises(StudyError, match=r"at most 5 bytes, .* that of n has 6; do without \(checkpoint_minutes"):
        CheckpointArchive(tmp_path / "c").save("n", b"longer")
    assert not (tmp_path / "c").exists()


def test_they_lie_where_signals_do(tmp_path: Path, tiny_sweep: SweepSpec) -> None:
    """In the study, or in its storage below the sweep's name."""
    study = StudyFolder(tmp_path / "study")
    assert study.checkpoints.folder == tmp_path / "study" / "checkpoints"
    study.begin(tiny_sweep.model_copy(update={"storage": "memory://kept"}), {}, {})
    assert study.checkpoints.folder == "memory://kept/tiny/checkpoints"
    assert study.load().checkpoints == study.checkpoints
