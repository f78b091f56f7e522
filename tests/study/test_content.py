from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import make_completed, make_failed
from counted_networks import conventional
from counted_networks import counted as counted_trial

import privsearch
from privsearch.api.study import Study
from privsearch.spec import SweepSpec
from privsearch.study import folder
from privsearch.study.content import StudyPlan
from privsearch.study.proposals import LoggedProposal, ProposalLog
from privsearch.study.record import RecordWriter

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """A study with a completed and a failed trial, and one that its sweep no longer asks for."""
    made = Study(tmp_path / "study")
    made.begin(tiny_sweep, {A: "iris", B: "iris"}, {})
    with RecordWriter(made.record_path) as record:
        for result in (make_completed(C), make_failed(B, weight_bit_width=4), make_completed(A)):
            record.append(result)
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The times that each file of a study has been read."""
    counts = Counter[str]()

    def counted(name: str) -> Callable[..., Any]:
        read = getattr(folder, name)

        def reading(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return read(*arguments, **options)

        return reading

    for name in ("read_sweep", "read_record"):
        monkeypatch.setattr(folder, name, counted(name))
    return counts


def test_content_has_what_the_sweep_asks_for(study: Study) -> None:
    """Results come in the sweep's order; those that it no longer asks for stay in the record alone."""
    content = study.load()
    assert [result.trial_id for result in content.results] == [A, B]
    assert list(content.completed) == [A]
    assert set(content.record.results) == {A, B, C}
    assert list(content.order) == [C, B, A]


def test_trials_that_searches_proposed_come_last() -> None:
    """A proposal counts if the sweep still has its search; a trial of the grids keeps its place."""
    plan = StudyPlan(trials={A: "iris"}, searches={"s": "digits"})
    proposals = [
        LoggedProposal(search=search, number=number, trial_id=trial_id, origin="sampled", axes={})
        for number, (search, trial_id) in enumerate([("s", B), ("gone", C), ("s", B)])
    ]
    assert list(plan.trials_with(ProposalLog(tuple(proposals))).items()) == [(A, "iris"), (B, "digits")]


@pytest.mark.parametrize(
    "call",
    [
        privsearch.remake_outputs,
        privsearch.write_report,
        privsearch.write_plots,
        privsearch.audit_study,
        privsearch.pick_trials,
        privsearch.explain_study,
        privsearch.compare_with_paper,
        Study.frame,
        Study.front,
    ],
    ids=lambda call: call.__name__,
)
def test_a_study_is_read_once(study: Study, reads: Counter[str], call: Callable[[Study], Any]) -> None:
    """However much a call shows, it reads the sweep and the record once."""
    call(study)
    assert reads == {"read_sweep": 1, "read_record": 1}


def test_results_are_priced_as_the_sweep_asks_now(study: Study, tiny_sweep: SweepSpec) -> None:
    """Whoever reads the study sees the same energies: its tables, and its tasks."""
    with RecordWriter(study.record_path) as record:
        record.append(counted_trial(make_completed(A), conventional()))
    plain = study.frame().set_index("trial_id")["energy.flat"][A]
    costs = {"flat": {"mac": 46.0, "source": "an old chip"}}
    study.begin(SweepSpec.model_validate({**dict(tiny_sweep), "energy": costs}), {A: "iris", B: "iris"}, {})
    assert study.frame().set_index("trial_id")["energy.flat"][A] == pytest.approx(10 * plain)
    assert study.targets()["energy.flat"].mean() == pytest.approx(10 * plain)
    assert study.task().rows.set_index("trial_id")["energy.flat"][A] == pytest.approx(10 * plain)
