from pathlib import Path
from typing import Any

import pytest
from builders import make_completed, make_failed

from privsearch.data import describe_dataset
from privsearch.spec import HalvesProtocol, SweepSpec, TrialSpec
from privsearch.study.folder import StudyFolder
from privsearch.sweep.pace import START_UP, Pace, estimated_seconds, recorded_pace
from privsearch.sweep.plan import make_plan

IRIS = {"iris": describe_dataset("iris")}


def spec_of(**fields: Any) -> TrialSpec:
    return TrialSpec(**{"dataset": "iris", "model": "snn", **fields}).canonical("fcnet")


def taking(factor: float, **fields: Any) -> Any:
    """A recorded trial that took so many times what is estimated for it."""
    spec = spec_of(**fields)
    estimate = estimated_seconds(spec, IRIS["iris"])
    return make_completed("0" * 16).model_copy(update={"spec": spec, "seconds": factor * estimate})


def test_a_trial_takes_as_long_as_those_like_it_took() -> None:
    """Every kind of trial has its own factor, whatever its epochs."""
    pace = recorded_pace([taking(3.0), taking(3.0, epochs=7), taking(8.0, model="ann")], IRIS)
    assert (pace.source, pace.count) == ("recorded", 3)
    assert pace.factor(spec_of(epochs=50)) == pytest.approx(3)
    assert pace.factor(spec_of(model="ann", epochs=1)) == pytest.approx(8)


def test_a_kind_without_records_goes_by_those_nearest_to_it() -> None:
    """An SNN of another bit width by SNNs of the same task, another protocol by the same dataset."""
    pace = recorded_pace([taking(3.0), taking(8.0, model="ann")], IRIS)
    assert pace.factor(spec_of(weight_bit_width=2)) == pytest.approx(3)
    other = pace.factor(spec_of(protocol=HalvesProtocol(networks=8)))
    assert 3 < other < 8
    assert pace.factor(spec_of(dataset="digits", model="ann")) == pytest.approx(8)


def test_what_says_nothing_about_time_is_left_out() -> None:
    """Failed trials, other datasets, and trials without seconds; without a record, the estimates stay."""
    nothing = recorded_pace([make_failed("1" * 16), taking(0.0), taking(float("inf"))], IRIS)
    assert nothing == recorded_pace([taking(3.0)], {}) == Pace()
    assert nothing.factor(spec_of()) == 1
    assert nothing.start_up == START_UP


def test_a_slow_machine_starts_slowly() -> None:
    """What a sweep takes beside its trials grows as all trials do."""
    assert recorded_pace([taking(4.0)], IRIS).start_up == pytest.approx(4 * START_UP)


def test_a_plan_asks_for_a_probe_where_nothing_is_recorded(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Its seconds are the estimates times what the probe has found; without a probe they are the estimates."""
    asked: list[str] = []

    def probe(trials: Any) -> Pace:
        asked.extend(info.name for _, info in trials)
        return Pace({(): 5.0}, "probe", 2)

    plain = make_plan(tiny_sweep, StudyFolder(tmp_path / "study"))
    probed = make_plan(tiny_sweep, StudyFolder(tmp_path / "study"), probe=probe)
    assert asked == ["iris"] * 4
    assert [t.seconds for t in probed.trials] == pytest.approx([5 * t.seconds for t in plain.trials])
    assert probed.summary()["estimated_from"] == {"source": "probe", "count": 2}
    assert plain.summary()["estimated_from"] == {"source": "nothing", "count": 0}
