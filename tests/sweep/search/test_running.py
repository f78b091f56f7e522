import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import INLINE, numbers, record_lines, run, sound_lines

from privsearch.analysis.explanation import explain_study
from privsearch.api.study import Study
from privsearch.api.sweeps import SweepOutcome, run_sweep
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.proposals import FRESH_ORIGINS
from privsearch.study.result import Completed, TrialResult, failure
from privsearch.sweep.advance import Advance
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.inline import InlineRunner
from privsearch.sweep.runners.jobs import Job

pytestmark = pytest.mark.usefixtures("blank_fronts")

SEARCH = """\
name: tiny
datasets: [iris]
protocol: {kind: paper, replicates: 1, placebo_cuts: 2}
search:
  sampler: {kind: tpe, startup_trials: 3}
  trials: 6
  parallel: 2
  space: {model: [ann, snn], act_bit_width: [null, 4], threshold: {low: 0.5, high: 1.5}, num_steps: [2, 3]}
recipe: {epochs: 1, batch_size: 64, num_steps: 3}
"""
GRID = "grids: {g: {model: [ann, snn]}}\n"


class Quiet:
    """A progress that shows nothing."""

    def begin(self, plan: Any) -> None: ...
    def searching(self, searches: Any) -> None: ...
    def end(self) -> None: ...
    def preparing(self, what: str) -> None: ...
    def started(self, trial: PlannedTrial) -> None: ...

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None: ...
    def finished(self, result: TrialResult) -> None: ...


class Backwards(Runner):
    """Runs all that it may run at a time, the last first; some trials it has fail, and it counts."""

    def __init__(self, *, failing: bool = False) -> None:
        self.ran: list[str] = []
        self._failing = failing

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        waiting = list(source.take())
        while waiting:
            trial = waiting.pop()
            self.ran.append(trial.trial_id)
            observer.started(trial)
            fails = self._failing and trial.spec.model == "ann"
            observer.finished(
                failure(trial.spec, trial.trial_id, TimeoutError("too long"), seconds=1.0)
                if fails
                else job(trial, "cpu")
            )
            waiting += source.take()


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    """A search of six trials that take a moment each."""
    path = tmp_path / "search.yaml"
    path.write_text(SEARCH)
    return path


def searched(file: Path, study: Path, *settings: str, runner: Runner | None = None, **options: Any) -> SweepOutcome:
    return run_sweep(file, study=study, settings=settings, runner=runner or InlineRunner(), progress=Quiet(), **options)


def _searched_once(folder: Path, runner: Runner) -> Path:
    (folder / "search.yaml").write_text(SEARCH)
    searched(folder / "search.yaml", folder / "s", runner=runner)
    return folder / "s"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of that search, run to its end by one worker; for reading alone."""
    return _searched_once(tmp_path_factory.mktemp("whole"), InlineRunner())


@pytest.fixture(scope="module")
def backwards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of the same search, whose trials finished in another order; for reading alone."""
    return _searched_once(tmp_path_factory.mktemp("backwards"), Backwards())


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to go on with."""
    return Path(shutil.copytree(whole, tmp_path / "s"))


def log(study: Path) -> list[dict[str, Any]]:
    """The lines of a study's proposals, without the time, and without why it ended."""
    lines = map(json.loads, sound_lines(study / "search.jsonl"))
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines if "ended" not in line]


def test_a_search_ends_with_a_front(sweep_file: Path, tmp_path: Path) -> None:
    """It trains as many configurations as it was given, and the study is like any other."""
    result = run("sweep", sweep_file, "--study", tmp_path / "s", *INLINE)
    assert result.exit_code == 0, result.output
    assert "search iris: 6 of 6 proposed" in result.stdout
    assert "ended: the budget of 6 trials is spent" in result.stdout
    study = Study(tmp_path / "s")
    assert len(study.results()) == len(study.load().trials) == 6
    assert [p["trial_id"] for p in log(study.path) if p["origin"] != "repeat"] == list(study.load().trials)
    assert run("check", study.path).exit_code == 0
    planned = json.loads(run("plan", sweep_file, "--study", study.path, "--json").stdout)["searches"]["iris"]
    assert next(iter(study.load().trials)) in run("plan", sweep_file, "--study", study.path, "--trials").stdout
    assert (planned["proposed"], planned["left"], planned["unfinished"]) == (6, 0, 0)


def test_a_search_ends_with_what_mattered(sweep_file: Path, tmp_path: Path) -> None:
    """Importances or why there are none, the growth, and how to get more; why it ended stands in the study, once."""
    words = ("sweep", sweep_file, "--study", tmp_path / "s", *INLINE)
    said = " ".join(run(*words).stdout.split())
    refused = "importances need at least 10 completed configurations with every objective, but there are 6"
    assert f"iris, protocol paper: {refused}" in said
    assert "after 6 trials" in said
    assert said.index("of it after") < said.index("privsearch explain") < said.index("trials: 6 finished")
    again = run(*words).stdout
    assert "trials: 0 finished, 6 recorded already, 0 failed" in again
    (search,) = Study(tmp_path / "s").load().searches
    assert search.ended == "the budget of 6 trials is spent"
    assert (tmp_path / "s" / "search.jsonl").read_text().count('"ended"') == 1
    assert [p["trial_id"] for p in log(tmp_path / "s") if p["origin"] != "repeat"] == list(search.numbers)
    enough = run(*words, "--set", "search.trials=10").stdout
    assert "iris, protocol paper: what decides" in enough
    assert "no more than an axis without any effect has in 95 % of cases" in " ".join(enough.split())
    (search,) = Study(tmp_path / "s").load().searches
    fresh = sum(search.counts[origin] for origin in FRESH_ORIGINS)
    assert (search.ended, fresh) == ("the budget of 10 trials is spent", 10)


def test_a_sweep_of_grids_ends_as_ever(tiny_sweep_file: Path, tmp_path: Path) -> None:
    """What mattered is told where something was searched."""
    assert "explain" not in run("sweep", tiny_sweep_file, "--study", tmp_path / "s", *INLINE).stdout


def test_the_order_of_the_growth_is_that_of_the_proposals(backwards: Path) -> None:
    """In whatever order the trials finished."""
    (found,) = explain_study(Study(backwards).load())
    assert found.searched
    (search,) = Study(backwards).load().searches
    assert found.history["trial_id"].tolist() == list(search.numbers)
    assert found.history["trial_id"].tolist() != list(Study(backwards).record().results)


def test_it_matters_to_no_number_who_runs_the_trials(whole: Path, backwards: Path) -> None:
    """The proposals are those of one worker, and so are the results."""
    assert log(whole) == log(backwards)
    assert numbers(whole) == numbers(backwards)


@pytest.mark.slow
def test_a_longer_budget_goes_on_and_trains_nothing_again(sweep_file: Path, study: Path, tmp_path: Path) -> None:
    """What was proposed counts, and so does every result."""
    before, runner = log(study), Backwards()
    outcome = searched(sweep_file, study, "search.trials=8", runner=runner)
    assert len(runner.ran) == 2
    assert (outcome.run.num_completed, outcome.num_cached) == (2, 6)
    assert log(study)[: len(before)] == before
    assert len(record_lines(study)) == 8
    assert [search.proposer.fresh for search in outcome.run.searches] == [8]
    searched(sweep_file, tmp_path / "once", "search.trials=8")
    assert log(tmp_path / "once") == log(study)


def test_a_search_that_was_interrupted_goes_on(sweep_file: Path, whole: Path, study: Path) -> None:
    """Proposals without a result are run, and the rest is what it would have been."""
    for name, keep in (("search.jsonl", 4), ("trials.jsonl", 2)):
        lines = (study / name).read_bytes().splitlines(keepends=True)
        (study / name).write_bytes(b"".join(lines[:keep]) + lines[keep][:20])
    runner = Backwards()
    searched(sweep_file, study, runner=runner)
    assert len(runner.ran) == 4
    assert numbers(study) == numbers(whole)
    assert [p["trial_id"] for p in log_sound(study)] == [p["trial_id"] for p in log(whole)]
    assert run("check", study, "--repair").exit_code == 0


def log_sound(study: Path) -> list[dict[str, Any]]:
    return [proposal.model_dump() for proposal in Study(study).proposals().proposals]


def test_what_ended_by_its_timeout_failed_and_is_on_no_front(sweep_file: Path, tmp_path: Path) -> None:
    """An early end never looks private; the search goes on, and the next run tries these trials again."""
    outcome = searched(sweep_file, tmp_path / "s", runner=Backwards(failing=True))
    failed = {result.trial_id for result in outcome.failed}
    assert failed
    (task,) = outcome.tasks
    assert set(task.candidates["trial_id"]).isdisjoint(failed)
    runner = Backwards()
    searched(sweep_file, tmp_path / "s", runner=runner)
    assert failed <= set(runner.ran)


def test_the_results_of_grids_are_told_first_and_cost_nothing(sweep_file: Path, tmp_path: Path) -> None:
    """A search that follows grids begins when these are done."""
    sweep_file.write_text(SEARCH + GRID)
    outcome = searched(sweep_file, tmp_path / "s", runner=Backwards())
    origins = [proposal["origin"] for proposal in log(tmp_path / "s")]
    assert origins[:2] == ["given", "given"]
    assert "given" not in origins[2:]
    assert len(record_lines(tmp_path / "s")) == 2 + 6
    assert outcome.run.searches[0].proposer.fresh == 6


def test_another_space_begins_anew_with_all_that_is_known(sweep_file: Path, tmp_path: Path) -> None:
    """Results that lie in it serve; a study never trains one of them again."""
    searched(sweep_file, tmp_path / "s", "search.space={model: [ann, snn], num_steps: [2, 3]}", "search.trials=2")
    runner = Backwards()
    searched(sweep_file, tmp_path / "s", "search.space={model: [ann, snn], num_steps: [2, 3, 4]}", runner=runner)
    lines = log(tmp_path / "s")
    last = [proposal for proposal in lines if proposal["search"] == lines[-1]["search"]]
    assert [proposal["origin"] for proposal in last[:2]] == ["given", "given"]
    assert len(runner.ran) == len(set(runner.ran)) == 2, "of four points, two are known"


@pytest.mark.slow
def test_a_search_starts_from_another_study(sweep_file: Path, study: Path, tmp_path: Path) -> None:
    """Its results are copied once, are told first, and are not trained again; why others are not is told."""
    study.rename(tmp_path / "old")
    options = ("--study", tmp_path / "new", "--from", tmp_path / "old", *INLINE)
    result = run("sweep", sweep_file, *options, "--set", "search.trials=2")
    assert result.exit_code == 0, result.output
    assert "from old: 6 results copied" in result.stdout
    assert [(p["origin"], p["source"]) for p in log(tmp_path / "new")][:6] == [("given", "old")] * 6
    assert len(record_lines(tmp_path / "new")) == 8
    again = run("sweep", sweep_file, *options, "--set", "search.trials=2")
    assert "from old: 0 results copied; not used: 6 here already" in again.stdout
    other = run("sweep", sweep_file, "--study", tmp_path / "seed", *options[2:], "--set", "seed=1")
    assert "from old: 0 results copied; not used: 6 of other data, another protocol or another seed" in other.stdout


def test_minutes_end_a_search(sweep_file: Path, tmp_path: Path) -> None:
    """All of its runs together count; nothing is proposed once they are over."""
    settings = ("search.trials=null", "search.minutes=0.001")
    outcome = searched(sweep_file, tmp_path / "s", *settings)
    assert outcome.run.searches[0].ended == "its 0.001 minutes are over"
    before = log(tmp_path / "s")
    searched(sweep_file, tmp_path / "s", *settings)
    assert len(log(tmp_path / "s")) == len(before)


def test_a_strangers_log_asks_for_nothing_outside_of_the_space(sweep_file: Path, study: Path) -> None:
    """Lines that no search would have written are passed over."""
    path = study / "search.jsonl"
    wrong = json.loads(sound_lines(path)[0])
    wrong["axes"] |= {"num_steps": 9999, "threshold": "x"}
    path.write_text(json.dumps(wrong) + "\n" + path.read_text())
    (search,) = make_plan(read_sweep(sweep_file), Study(study)).searches
    assert len(search.logged) == len(log(study)) - 1


@pytest.mark.slow
def test_a_search_that_was_killed_ends_as_if_it_had_not_been(sweep_file: Path, tmp_path: Path) -> None:
    """After SIGKILL the same command goes on: the same proposals, the same numbers."""
    searched(sweep_file, tmp_path / "whole", "search.trials=12")
    words = ("sweep", sweep_file, "--study", tmp_path / "s", *INLINE, "--set", "search.trials=12")
    command = [str(Path(sys.executable).with_name("privsearch")), *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    while len(record_lines(tmp_path / "s")) < 4 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(record_lines(tmp_path / "s")) < 12
    assert run(*words).exit_code == 0
    assert log(tmp_path / "s") == log(tmp_path / "whole")
    assert numbers(tmp_path / "s") == numbers(tmp_path / "whole")
    results = Study(tmp_path / "s").results()
    assert all(isinstance(result, Completed) for result in results)
