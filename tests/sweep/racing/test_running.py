import json
from pathlib import Path
from typing import Any

import pytest
from raced_trials import RACE, TRUTH, MadeUp, raced_sweep

import privsearch
from privsearch.analysis.comparable import choose_trials
from privsearch.analysis.differences import differences_frame
from privsearch.analysis.selection import select
from privsearch.api.study import Study
from privsearch.api.sweeps import SweepOutcome
from privsearch.spec import TrialSpec
from privsearch.study.result import Completed
from privsearch.sweep.plan import make_plan
from privsearch.sweep.trial import run_trial

pytestmark = pytest.mark.usefixtures("blank_fronts")


def raced(study: Path, runner: MadeUp, **fields: Any) -> SweepOutcome:
    return privsearch.run_sweep({**RACE, **fields}, study=study, runner=runner, progress=False)


def recorded(study: Path) -> list[str]:
    return [json.loads(line)["trial_id"] for line in (study / "trials.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MadeUp]:
    """A study in which all that races has raced to the end."""
    folder, runner = tmp_path_factory.mktemp("raced") / "study", MadeUp()
    raced(folder, runner)
    return folder, runner


def test_networks_go_where_they_change_the_answer(done: tuple[Path, MadeUp]) -> None:
    """All begin with four; what is far behind gets no more, and what is near goes on with what it is near to."""
    _, runner = done
    counts = {epochs: max(count for of, count in runner.ran if of == epochs) for epochs in TRUTH}
    assert [trial for trial in runner.ran if trial[1] == 4] == [(epochs, 4) for epochs in (4, 3, 2, 1)]
    assert counts[3] == 4
    assert counts[1] == counts[4] > 4


def test_the_latest_trial_of_each_configuration_counts(done: tuple[Path, MadeUp]) -> None:
    """The tables have one row for each, with its own number of targets; the record has all trials."""
    folder, runner = done
    frame = Study(folder).frame()
    assert dict(zip(frame["epochs"], frame["replicates"], strict=True)) == {
        epochs: max(count for of, count in runner.ran if of == epochs) for epochs in TRUTH
    }
    assert len(recorded(folder)) == len(runner.ran) > len(frame)


def test_what_is_out_is_on_no_front_and_is_not_chosen(done: tuple[Path, MadeUp]) -> None:
    """Though it is compared with the others, on the targets that both have."""
    folder, _ = done
    study = Study(folder)
    (task,) = study.tasks()
    assert task.race is not None
    assert task.race.ended
    assert set(task.front["epochs"]) == {1, 2}
    out = {trial_id for trial_id, place in task.race.places.items() if place.is_out}
    assert out
    assert not out & set(task.candidates["trial_id"])
    (found,) = select(study.load())
    assert found.chosen is not None
    assert found.chosen["epochs"] == 2
    assert found.differences[0].n == min(row["replicates"] for row in task.front.to_dict("records"))
    chosen, others = choose_trials(study.results(), found.chosen["trial_id"])
    table = differences_frame(chosen, others).query("role == 'accuracy'").set_index("trial_id")
    own = task.rows.set_index("trial_id")["replicates"]
    assert dict(table["n"]) == {
        trial_id: min(n, own[chosen.trial_id]) for trial_id, n in own.items() if trial_id != chosen.trial_id
    }


def test_the_order_of_the_results_makes_no_difference(done: tuple[Path, MadeUp], tmp_path: Path) -> None:
    """As with any number of workers."""
    folder, _ = done
    backwards = MadeUp(backwards=True)
    raced(tmp_path / "study", backwards)
    assert backwards.ran[0] != (4, 4)
    assert set(recorded(tmp_path / "study")) == set(recorded(folder))


def test_an_interrupted_race_ends_with_the_same_trials(done: tuple[Path, MadeUp], tmp_path: Path) -> None:
    """Wherever it was interrupted, and nothing is run twice; in the end there is nothing to do."""
    folder, _ = done
    interruptions = 0
    while True:
        try:
            raced(tmp_path / "study", MadeUp(stop_after=2))
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 2
    assert recorded(tmp_path / "study") == recorded(folder)
    again = MadeUp()
    raced(tmp_path / "study", again)
    assert again.ran == []


def test_a_race_that_goes_on_has_workers_for_the_rounds_to_come(tmp_path: Path) -> None:
    """However little its present round has left: one for each network that a round may add."""
    with pytest.raises(KeyboardInterrupt):
        raced(tmp_path / "study", MadeUp(stop_after=5))
    plan = make_plan(raced_sweep(), Study(tmp_path / "study"))
    assert len(plan.next_of_races) == 1
    assert plan.most_at_once == 4 * len(TRUTH) > plan.next_of_races[0].most_workers
    raced(tmp_path / "study", MadeUp())
    assert make_plan(raced_sweep(), Study(tmp_path / "study")).most_at_once == 0


def test_a_round_that_the_budget_does_not_cover_is_not_begun(done: tuple[Path, MadeUp], tmp_path: Path) -> None:
    """All networks together stay within it; with more, the race goes on where it was."""
    folder, whole = done
    budgeted = MadeUp()
    kinds = [{"kind": "halves", "networks": {"from": 4, "to": 16, **more}} for more in ({"networks_in_all": 25}, {})]
    outcome = raced(tmp_path / "study", budgeted, protocol=kinds[0])
    (race,) = outcome.run.races
    assert race.state.ended == "budget"
    counts = {epochs: max(count for of, count in budgeted.ran if of == epochs) for epochs in TRUTH}
    assert sum(counts.values()) <= 25 < sum(max(n for of, n in whole.ran if of == epochs) for epochs in TRUTH)
    raced(tmp_path / "study", MadeUp(), protocol=kinds[1])
    assert set(recorded(tmp_path / "study")) == set(recorded(folder))


def test_no_round_begins_after_the_minutes(tmp_path: Path) -> None:
    """The first round is the sweep's grid, which is run in any case."""
    runner = MadeUp()
    outcome = raced(
        tmp_path / "study", runner, protocol={"kind": "halves", "networks": {"from": 4, "to": 16, "minutes": 1e-9}}
    )
    assert {count for _, count in runner.ran} == {4}
    assert outcome.run.races[0].state.ended == "budget"


def test_a_configuration_that_fails_races_no_more(tmp_path: Path) -> None:
    """It has failed, whatever it had before; the same command tries it again, and the race is that of no failure."""
    runner = MadeUp(failing=[(1, 8)])
    raced(tmp_path / "study", runner)
    assert max(count for of, count in runner.ran if of == 1) == 8
    (task,) = Study(tmp_path / "study").tasks()
    assert task.rows.set_index("epochs").loc[1, "status"] == "failed"
    again = MadeUp()
    raced(tmp_path / "study", again)
    assert again.ran[0] == (1, 8)
    assert set(Study(tmp_path / "study").tasks()[0].front["epochs"]) == {1, 2}


def test_the_proposals_of_a_search_race_once_it_has_ended(tmp_path: Path) -> None:
    """They are tried with the fewest networks, all of them before any has more."""
    runner = MadeUp()
    search = {"trials": 4, "sampler": {"kind": "random"}, "space": {"model": ["ann"], "epochs": [*TRUTH]}}
    outcome = raced(tmp_path / "study", runner, grids={}, search=search)
    firsts = [count for _, count in runner.ran].index(8)
    assert {count for _, count in runner.ran[:firsts]} == {4}
    assert 4 not in {count for _, count in runner.ran[firsts:]}
    content = Study(tmp_path / "study").load()
    assert {result.spec.epochs for result in content.results} == {of for of, _ in runner.ran}
    assert set(content.searches[0].numbers) == {result.trial_id for result in content.results}
    assert outcome.run.searches[0].ended
    assert outcome.run.races[0].line().startswith("race iris: ")


def test_replicates_of_the_paper_race_as_well(tmp_path: Path) -> None:
    """A replicate is a pair of networks; its objective is what its attack owes to membership."""
    runner = MadeUp()
    raced(
        tmp_path / "study",
        runner,
        protocol={"kind": "paper", "replicates": {"from": 3, "to": 9}},
        attacks=["svm"],
    )
    (task,) = Study(tmp_path / "study").tasks()
    assert {networks for _, networks in runner.ran} <= {6, 12, 18}
    assert task.rows["replicates"].max() == 9
    assert task.race is not None


def test_a_later_round_begins_with_the_targets_of_the_first() -> None:
    """Networks that are really trained: the first block's numbers are those of a trial that is this block."""
    fields = {"dataset": "iris", "model": "ann", "epochs": 2, "batch_size": 32, "attacks": ["svm", "loss", "lira"]}
    spec = TrialSpec.model_validate({**fields, "protocol": {"kind": "halves", "networks": 4}})
    grown = spec.model_copy(update={"protocol": spec.protocol.with_count(8)})
    first, later = (run_trial(one) for one in (spec, grown))
    assert isinstance(first, Completed)
    assert isinstance(later, Completed)
    assert len(later.replicates) == 8
    assert [target_numbers_of(first, k) for k in range(4)] == [target_numbers_of(later, k) for k in range(4)]
    assert target_numbers_of(later, 0) != target_numbers_of(later, 4)


def target_numbers_of(result: Completed, target: int) -> dict[str, float]:
    """A target's accuracy, and the AUC that each attack has on it."""
    replicate = result.replicates[target]
    aucs = {name: found.auc.value for name, found in replicate.attacks.items()}
    return {"accuracy": replicate.target.test_accuracy, **aucs}


def test_a_later_round_trains_its_new_networks_alone(tmp_path: Path) -> None:
    """Those of the rounds before are found where they are kept, and the file of each trial holds what is new."""
    fields = {"grids": {"g": {"model": ["ann"], "epochs": [5, 6]}}}
    protocol = {"kind": "halves", "networks": {"from": 4, "to": 12}}
    privsearch.run_sweep(
        {**RACE, **fields, "protocol": protocol}, study=tmp_path / "study", runner="inline", progress=False
    )
    lines = [json.loads(line) for line in (tmp_path / "study" / "trials.jsonl").read_text().splitlines()]
    assert {line["spec"]["protocol"]["networks"] for line in lines} > {4}
    assert {len(line["held"]) for line in lines} == {4}
