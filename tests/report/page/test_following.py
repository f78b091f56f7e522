import json
import logging
from pathlib import Path

import pytest
from growing_study import TRIALS, GrowingStudy

from privsearch.report.page import drawing, following
from privsearch.report.page.drawing import Answer, Request
from privsearch.report.page.drawing_main import _drawn
from privsearch.report.page.following import StudyFollower


class _Here:
    """Draws in this process: another one takes longer to start than to draw, and has its own tests."""

    def answer(self, request: Request) -> Answer:
        return Answer(*_drawn(request), warnings=())

    def end(self) -> None:
        pass


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GrowingStudy:
    """A study that is not there yet, and that may be drawn as often as a test likes."""
    monkeypatch.setattr(drawing, "_Process", _Here)
    monkeypatch.setattr(following, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(following, "REST_FOR_WORK", 0.0)
    return GrowingStudy(tmp_path / "study")


def _looked(follower: StudyFollower) -> following.Status:
    follower.attend()
    follower.look()
    return follower.status()


def test_a_study_is_followed_from_before_its_beginning_to_its_end(growing: GrowingStudy) -> None:
    """Waited for, told and drawn as it grows; when the sweep has ended, the rest is drawn as well."""
    follower = StudyFollower(growing.study.path)
    assert _looked(follower)["state"] == "waiting"
    assert follower.body is None
    with growing.held():
        growing.begin()
        status = _looked(follower)
        assert (status["state"], status["done"], status["asked"]) == ("running", 0, len(TRIALS))
        assert status["seconds_since"] is None
        growing.finish(2)
        status = _looked(follower)
        assert (status["state"], status["done"]) == ("running", 2)
        assert 0 <= (status["seconds_since"] or -1) < 60
        assert follower.body is not None
        drawn = json.loads(follower.body.plain)
        assert len(drawn["tasks"][0]["rows"]["trial_id"]) == 2
        assert drawn["paper"]["missing"] == ["The figures and tables of the paper are drawn when no sweep is running."]
    status = _looked(follower)
    assert (status["state"], status["whole"]) == ("resting", True)
    assert json.loads(follower.body.plain)["paper"] != drawn["paper"]


def test_a_document_is_made_once_a_change_and_only_for_somebody(
    growing: GrowingStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask, and however often, nothing is made where nothing is new, or where nobody has asked lately."""
    made = []
    make = StudyFollower._make
    monkeypatch.setattr(StudyFollower, "_make", lambda *words, **more: (made.append(1), make(*words, **more)))
    with growing.held():
        growing.begin()
        follower = StudyFollower(growing.study.path)
        follower.look()
        assert not made, "nobody looks"
        for _ in range(5):
            _looked(follower)
        assert len(made) == 1
        growing.finish(1)
        for _ in range(5):
            _looked(follower)
        assert len(made) == 2


def test_after_long_work_comes_a_long_rest(growing: GrowingStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a sweep runs, the next document is not made before the time that the last one took has passed thrice."""
    monkeypatch.setattr(following, "REST_FOR_WORK", 1000.0)
    with growing.held():
        growing.begin()
        follower = StudyFollower(growing.study.path)
        _looked(follower)
        growing.finish(1)
        assert _looked(follower)["done"] == 0


def test_a_line_that_is_being_written_is_no_damage(growing: GrowingStudy, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said of it while a sweep holds the study, and it counts when it is whole; afterwards it is told."""
    caplog.set_level(logging.WARNING)
    follower = StudyFollower(growing.study.path, whole=False)
    record = growing.study.record_path
    with growing.held():
        growing.begin()
        growing.finish(2)
        whole = record.read_bytes()
        record.write_bytes(whole[:-100])
        assert _looked(follower)["done"] == 1
        assert caplog.messages == []
        record.write_bytes(whole)
        assert _looked(follower)["done"] == 2
    record.write_bytes(whole[:-100])
    assert _looked(follower)["done"] == 1
    assert "cannot read, and leave out, line 2" in caplog.text


def test_what_cannot_be_shown_is_told_beside_what_was(growing: GrowingStudy) -> None:
    """A study that is broken while it is watched keeps its last document; once it is mended, nothing is left of it."""
    growing.begin()
    growing.finish(1)
    follower = StudyFollower(growing.study.path, whole=False)
    before = _looked(follower)["document"]
    plan = (growing.study.path / "plan.json").read_bytes()
    (growing.study.path / "plan.json").write_text("[\x1b]")
    status = _looked(follower)
    assert status["document"] == before
    assert "plan.json: must be readable" in status["problem"]
    (growing.study.path / "plan.json").write_bytes(plan)
    assert _looked(follower)["problem"] == ""
