from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from builders import make_completed, make_failed
from rich.console import Console

from privsearch.analysis.selection import selection_of
from privsearch.analysis.tasks import tasks
from privsearch.api.study import Study
from privsearch.report.terminal import running
from privsearch.report.terminal.progress import LOG_LINES, QUIET_SECONDS, SweepProgress
from privsearch.report.terminal.running import MOST_ROWS
from privsearch.report.wording.verdict import named
from privsearch.spec import Constraint, HalvesProtocol, SweepSpec
from privsearch.study.record import RecordWriter
from privsearch.sweep.advance import Advance
from privsearch.sweep.plan import Plan, make_plan


@pytest.fixture
def plan(tmp_path: Path, tiny_sweep: SweepSpec) -> Plan:
    """Four trials, the second of them recorded."""
    study = Study(tmp_path / "study")
    trial_ids = [trial.trial_id for trial in make_plan(tiny_sweep, study).trials]
    study.begin(tiny_sweep, dict.fromkeys(trial_ids, "iris"), {})
    with RecordWriter(study.record_path) as record:
        record.append(make_completed(trial_ids[1]))
    return make_plan(tiny_sweep, study)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, in seconds since the sweep began."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def begun(plan: Plan, *, terminal: bool, width: int = 80) -> tuple[SweepProgress, StringIO]:
    written = StringIO()
    # Without a TERM, rich would take any terminal for one that cannot move its cursor.
    console = Console(file=written, force_terminal=terminal, width=width, color_system=None, _environ={"TERM": "xterm"})
    shown = SweepProgress(console)
    shown.begin(plan)
    return shown, written


def screen(shown: SweepProgress) -> list[str]:
    """The live display as it stands now, at the width of its console."""
    console = Console(file=StringIO(), force_terminal=True, width=shown._console.width, color_system=None, record=True)
    console.print(shown._render())
    return console.export_text().splitlines()


def test_log_has_a_line_for_every_trial(plan: Plan, clock: Callable[[float], None]) -> None:
    """Away from a terminal, a finished trial is one line: counts, times, its name and its numbers."""
    shown, written = begun(plan, terminal=False)
    first, second, _ = plan.todo
    for seconds, trial in ((10.0, first), (75.0, second)):
        clock(seconds)
        shown.started(trial)
        shown.finished(make_completed(trial.trial_id, accuracy=0.9, auc=0.55))
    shown.end()
    opening, *lines, best = written.getvalue().splitlines()
    assert (opening, best[:33]) == ("3 trials to do, 1 cached", "most accurate of this run  iris: ")
    assert [line[:11] for line in lines] == ["[1/3; 0:10,", "[2/3; 1:15,"]
    numbers = "test accuracy 0.900 ± 0.014  svm AUC 0.550 ± 0.014  (n = 2; 1.5 s)"
    assert all(line.endswith(numbers) for line in lines)


def test_trials_are_named_by_what_tells_them_apart(plan: Plan) -> None:
    """What all trials of the sweep share is left out of their names."""
    shown, written = begun(plan, terminal=False)
    for trial in plan.todo:
        shown.finished(make_completed(trial.trial_id))
    assert {" ".join(line.split("  ")[1:2]) for line in written.getvalue().splitlines()[1:]} == {
        "iris ANN fp32",
        "iris SNN fp32",
        "iris SNN a4",
    }


@pytest.mark.parametrize("terminal", [False, True])
def test_failure_is_shown_with_its_traceback(plan: Plan, terminal: bool) -> None:
    """A failed trial is told at once, with the evidence, on a terminal and in a log."""
    shown, written = begun(plan, terminal=terminal)
    shown.finished(make_failed(plan.todo[0].trial_id).model_copy(update={"error": "ZeroDivisionError"}))
    shown.end()
    assert f"(trial {plan.todo[0].trial_id})\nTraceback: somewhere" in written.getvalue()


def test_a_failure_that_was_foreseen_is_told_in_words(plan: Plan) -> None:
    """A search over learning rates may have many trainings that diverge; the record has their tracebacks."""
    shown, written = begun(plan, terminal=False)
    shown.finished(make_failed(plan.todo[0].trial_id))
    assert f"(trial {plan.todo[0].trial_id})\nDivergedError: the training loss must be finite\n" in written.getvalue()


def test_failure_without_a_traceback_is_told_in_words(plan: Plan) -> None:
    """A worker that died leaves its error and message."""
    shown, written = begun(plan, terminal=False)
    shown.finished(make_failed(plan.todo[0].trial_id).model_copy(update={"error": "WorkerDied", "traceback": ""}))
    assert "WorkerDied: the training loss must be finite" in written.getvalue()


def test_terminal_shows_counts_times_and_the_best(plan: Plan, clock: Callable[[float], None]) -> None:
    """The live display counts done, running, failed and cached, and names the most accurate one."""
    shown, _ = begun(plan, terminal=True)
    first, second, third = plan.todo
    for trial in (first, second, third):
        shown.started(trial)
    assert "0 done, 3 running, 0 failed, 1 cached; 0:00 elapsed, ? left" in screen(shown)
    clock(3661.0)
    shown.finished(make_completed(first.trial_id, accuracy=0.9, auc=0.60))
    shown.finished(make_failed(second.trial_id))
    text = screen(shown)
    left = shown._remaining.seconds(3661.0)
    shown.end()
    assert left
    assert text[0].endswith("2/3 trials, 4/12 networks")
    assert text[1] == f"1 done, 1 running, 1 failed, 1 cached; 1:01:01 elapsed, {running.clock(left)} left"
    # The second trial is recorded already, and nobody here knows its numbers.
    best = "most accurate of this run  iris: SNN a4, test accuracy 0.900 ± 0.014, svm AUC 0.600 ± 0.014 (n = 2)"
    assert " ".join(line.strip() for line in text[2:]) == best


def test_best_is_one_configuration_with_all_of_its_numbers(plan: Plan) -> None:
    """The most accurate one, with what it leaks: no mixture of the best numbers of several."""
    shown, _ = begun(plan, terminal=True)
    for trial, (accuracy, auc) in zip(plan.todo, [(0.8, 0.6), (0.9, 0.7), (0.7, 0.5)], strict=True):
        shown.finished(make_completed(trial.trial_id, accuracy=accuracy, auc=auc, **trial.spec.axes()))
    text = screen(shown)
    shown.end()
    assert "SNN fp32, test accuracy 0.900 ± 0.014, svm AUC 0.700 ± 0.014 (n = 2)" in _joined(text)


def _joined(text: list[str]) -> str:
    return " ".join(" ".join(text).split())


def test_ties_are_decided_as_pick_decides_them(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Of equally accurate ones the one that leaks less, then the one with fewer bits, whichever finished first."""
    grids = {"bits": {"model": ["ann"], "weight_bit_width": [None, 8, 4, 2]}}
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"grids": grids})
    made = make_plan(sweep, Study(tmp_path / "study"))
    aucs = {None: 0.58, 8: 0.56, 4: 0.56, 2: 0.57}
    results = [
        make_completed(
            trial.trial_id,
            accuracy=0.9,
            auc=aucs[trial.spec.weight_bit_width],
            **trial.spec.axes(),
            attacks=sweep.attacks,
        )
        for trial in made.trials
    ]
    (task,) = tasks(results, sweep)
    selection = selection_of(task)
    assert selection
    assert selection.most_accurate
    for order in (results, results[::-1]):
        shown, written = begun(made, terminal=False)
        for result in order:
            shown.finished(result)
        shown.end()
        best = written.getvalue().splitlines()[-1]
        assert best.startswith(f"most accurate  iris: {named(selection, selection.most_accurate)}, ")
        assert "ANN w4" in best


@pytest.mark.parametrize(("bound", "accuracy"), [("<= 0.65", 0.8), (">= 0", 0.9)])
def test_best_satisfies_the_constraints(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, bound: str, accuracy: float
) -> None:
    """What breaks one is not named, however accurate; a number of 0 is a number."""
    column = "svm.auc" if "<" in bound else "svm.placebo_advantage"
    monkeypatch.setattr(SweepSpec, "constraints", lambda _: {column: Constraint.model_validate(bound)})
    shown, _ = begun(plan, terminal=True)
    for trial, (reached, auc) in zip(plan.todo, [(0.8, 0.6), (0.9, 0.7)], strict=False):
        shown.finished(make_completed(trial.trial_id, accuracy=reached, auc=auc))
    text = screen(shown)
    shown.end()
    assert f"test accuracy {accuracy:.3f}" in _joined(text)


def test_what_has_not_learnt_is_named_and_never_best(plan: Plan) -> None:
    """However little it leaks."""
    shown, written = begun(plan, terminal=False)
    learnt, idle, _ = plan.todo
    shown.finished(make_completed(learnt.trial_id, accuracy=0.9, auc=0.6))
    made = make_completed(idle.trial_id, accuracy=0.4, auc=0.5)
    replicates = tuple(r.model_copy(update={"majority_share": 0.5}) for r in made.replicates)
    shown.finished(made.model_copy(update={"replicates": replicates}))
    shown.end()
    _, _, last, best = written.getvalue().splitlines()
    assert "svm AUC ~0.500 ± 0.014  not learnt" in last
    assert best.startswith("most accurate of this run  iris: SNN a4, test accuracy 0.900 ± 0.014, svm AUC 0.600 ")


def test_live_display_fits_80_columns(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """However long a dataset's name and however many trials, no line is wider than the terminal."""
    name = "d" * 100
    (tmp_path / "mine.csv").write_text("x,label\n" + "1,a\n2,b\n" * 50)
    dataset = {"name": name, "path": str(tmp_path / "mine.csv"), "label": "label"}
    grids = {"many": {"model": ["ann"], "epochs": list(range(1, 1001))}}
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"datasets": [dataset], "grids": grids})
    many = make_plan(sweep, Study(tmp_path / "study"))
    shown, _ = begun(many, terminal=True)
    for trial in many.todo[:900]:
        shown.started(trial)
        shown.finished(make_completed(trial.trial_id, dataset=dataset))
    text = screen(shown)
    shown.end()
    assert max(map(len, text)) <= 80
    assert "900 done" in text[1]


def test_long_log_is_thinned(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """A log of a thousand trials has some two hundred lines, the last trial among them."""
    grids = {"many": {"model": ["ann"], "epochs": list(range(1, 5 * LOG_LINES + 1))}}
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"grids": grids})
    many = make_plan(sweep, Study(tmp_path / "study"))
    shown, written = begun(many, terminal=False)
    for trial in many.todo:
        shown.finished(make_completed(trial.trial_id))
    lines = written.getvalue().splitlines()
    assert len(lines) == LOG_LINES + 1
    assert lines[0] == "1000 trials to do, 0 cached"
    assert lines[-1].startswith("[1000/1000;")


def at_work(**fields: Any) -> Advance:
    """A worker half way through the fourth of 20 epochs of a trial's second network."""
    place = {"network": 1, "epochs_done": 3, "epochs": 20, "steps_done": 6, "steps": 12, "accuracy": 0.9125}
    return Advance.model_validate({"phase": "training", "seconds": 70.0, "trained": (0,), **place, **fields})


@pytest.mark.parametrize("width", [60, 80, 120])
def test_display_says_how_far_running_trials_are(plan: Plan, width: int, clock: Callable[[float], None]) -> None:
    """A row for each: networks done of all, epochs, accuracy and time, whole at any width."""
    shown, _ = begun(plan, terminal=True, width=width)
    first, second, _ = plan.todo
    for trial in (first, second):
        shown.started(trial)
    shown.advanced(first, at_work())
    shown.advanced(second, at_work(phase="compiling", network=0, epochs_done=0, accuracy=None, trained=(), seconds=5.0))
    clock(2.0)
    text = [line.rstrip() for line in screen(shown)]
    shown.end()
    assert max(map(len, text)) <= width
    assert text[0].endswith("0/3 trials, 1/12 networks")
    counts = "0 done, 2 running, 0 failed, 1 cached"
    assert text[1].startswith(counts if width == 60 else f"{counts}; 0:02 elapsed, ")
    assert text[-4].startswith("0:02 elapsed, " if width == 60 else counts)
    header, *rows = (line.split() for line in text[-3:])
    assert header == ["running", "networks", "epochs", "accuracy", "time"]
    assert rows == [
        ["iris", "SNN", "a4", "1/4", "3.50/20", "0.912", "1:12"],
        ["iris", "SNN", "fp32", "0/4", "compiling", "0:07"],
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_names_of_running_trials_give_way(plan: Plan, width: int) -> None:
    """One line a trial, and all of its numbers."""
    shown, _ = begun(plan, terminal=True, width=width)
    shown.started(plan.todo[0])
    shown._names[plan.todo[0].trial_id] = "long " * 40
    shown.advanced(plan.todo[0], at_work())
    text = [line.rstrip() for line in screen(shown)]
    shown.end()
    assert text[-2].startswith("running ")
    assert len(text[-1]) <= width
    assert text[-1].startswith("long long")
    assert "…" in text[-1]
    assert text[-1].split()[-4:] == ["1/4", "3.50/20", "0.912", "1:10"]


def test_display_has_no_more_rows_than_fit(plan: Plan) -> None:
    """The others are counted; parts of one trial have a row each, until their worker has left them."""
    shown, _ = begun(plan, terminal=True)
    first = plan.todo[0]
    shown.started(first)
    for part in range(MOST_ROWS + 3):
        shown.advanced(first, at_work(part=(part,), trained=()))
    assert screen(shown)[-1].rstrip() == "and 3 more"
    assert len(screen(shown)) == 2 + 1 + MOST_ROWS + 1
    for part in range(MOST_ROWS + 3):
        shown.advanced(first, Advance(part=(part,), phase="ended", trained=(part,)))
    assert len(screen(shown)) == 2
    shown.end()


def test_display_shows_what_is_done_before_the_first_trial(plan: Plan) -> None:
    """And no longer than until then."""
    shown, _ = begun(plan, terminal=True)
    shown.preparing("starting Ray")
    assert screen(shown)[2] == "starting Ray"
    shown.started(plan.todo[0])
    assert len(screen(shown)) == 2
    shown.end()


def test_workers_of_a_ray_that_was_lost_leave_the_display(plan: Plan) -> None:
    """Before a new one has workers, nobody is at a trial; what was trained still counts."""
    shown, _ = begun(plan, terminal=True)
    shown.started(plan.todo[0])
    shown.advanced(plan.todo[0], at_work())
    shown.preparing("starting 2 workers")
    text = screen(shown)
    shown.end()
    assert text[0].rstrip().endswith("0/3 trials, 1/12 networks")
    assert len(text) == 2


def test_trials_that_end_leave_the_display(plan: Plan) -> None:
    """With or without numbers; a failed one's networks count as far as they were trained."""
    shown, _ = begun(plan, terminal=True)
    first, second, _ = plan.todo
    for trial in (first, second):
        shown.started(trial)
        shown.advanced(trial, at_work())
    shown.finished(make_failed(first.trial_id))
    shown.finished(make_completed(second.trial_id))
    text = screen(shown)
    shown.end()
    assert text[0].rstrip().endswith("2/3 trials, 5/12 networks")
    assert not any(line.startswith("running") for line in text)


def test_log_moves_every_ten_seconds_within_a_trial(plan: Plan, clock: Callable[[float], None]) -> None:
    """Workers tell once a second, and one line in ten seconds says how far they are: never more."""
    shown, written = begun(plan, terminal=False)
    shown.started(plan.todo[0])
    times = []
    for second in range(1, 61):
        clock(float(second))
        shown.advanced(plan.todo[0], at_work(seconds=float(second)))
        if len(written.getvalue().splitlines()) > 1 + len(times):
            times.append(second)
    assert all(QUIET_SECONDS <= later - earlier <= 10 for earlier, later in zip([0, *times], times, strict=False))
    assert times[-1] > 50
    counts, networks, words = written.getvalue().splitlines()[1].split("  ")
    assert counts.startswith("[0/3; 0:09, ")
    assert networks == "1/12 networks"
    assert words == "iris SNN a4: network 2 of 4, epoch 4 of 20, step 7 of 12, accuracy 0.912, 0:09"


def test_log_has_no_such_lines_where_trials_have_theirs(plan: Plan, clock: Callable[[float], None]) -> None:
    """A line about a finished trial is news enough for ten seconds."""
    shown, written = begun(plan, terminal=False)
    for number, trial in enumerate(plan.todo):
        for second in range(8 * number, 8 * number + 8):
            clock(float(second))
            shown.advanced(trial, at_work())
        clock(8.0 * number + 8)
        shown.finished(make_completed(trial.trial_id))
    assert len(written.getvalue().splitlines()) == 1 + 3


def test_log_names_two_workers_and_counts_the_others(plan: Plan, clock: Callable[[float], None]) -> None:
    """So that a line stays a line, however many workers there are."""
    shown, written = begun(plan, terminal=False)
    for trial in plan.todo:
        shown.advanced(trial, at_work(phase="attacking", network=None, accuracy=None))
    clock(10.0)
    shown.advanced(plan.todo[0], at_work(phase="loading", network=None, accuracy=None, seconds=2.0))
    line = written.getvalue().splitlines()[-1]
    assert line.endswith("iris SNN a4: loading libraries, 0:02; iris SNN fp32: attacking, 1:20; and 1 more")


def test_log_says_what_is_done_before_the_first_trial(plan: Plan, clock: Callable[[float], None]) -> None:
    """Once, and again as long as it lasts."""
    shown, written = begun(plan, terminal=False)
    for second in range(26):
        clock(float(second))
        shown.preparing("starting Ray" if second < 4 else "starting 2 workers")
    assert written.getvalue().splitlines()[1:] == [
        "starting Ray",
        "starting 2 workers",
        "starting 2 workers (0:13)",
        "starting 2 workers (0:22)",
    ]


def test_nothing_to_do_shows_nothing(plan: Plan) -> None:
    """A sweep that is recorded whole begins and ends in silence."""
    done = Plan(plan.sweep, plan.infos, tuple(trial for trial in plan.trials if trial.cached), 0)
    shown, written = begun(done, terminal=True)
    shown.end()
    assert written.getvalue() == ""


def planned(sweep: SweepSpec, path: Path, **changes: Any) -> Plan:
    """What a sweep with some changes comes to."""
    return make_plan(SweepSpec.model_validate(sweep.model_dump() | changes), Study(path))


def test_protocols_have_objectives_and_bests_of_their_own(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Trials under two protocols are never compared: each has its numbers, and a best of its own."""
    halves = HalvesProtocol(networks=4)
    both = planned(tiny_sweep, tmp_path / "study", protocol=[tiny_sweep.protocol[0], halves], objectives=None)
    first = {trial.spec.protocol.kind: trial.trial_id for trial in both.trials}
    shown, written = begun(both, terminal=False)
    shown.finished(make_completed(first["paper"], accuracy=0.8, auc=0.6))
    shown.finished(make_completed(first["halves"], accuracy=0.9, auc=0.7, protocol=halves))
    shown.end()
    lines = written.getvalue().splitlines()
    assert "test accuracy 0.800 ± 0.014  svm excess AUC +0.020 ± 0.000" in lines[1]
    assert "test accuracy 0.900 ± 0.009  worst AUC 0.700 ± 0.009" in lines[2]
    assert lines[3:] == [
        "most accurate  iris paper: SNN a4, test accuracy 0.800 ± 0.014, svm excess AUC +0.020 ± 0.000 (n = 2)",
        "most accurate  iris halves: SNN a4, test accuracy 0.900 ± 0.009, worst AUC 0.700 ± 0.009 (n = 4)",
    ]


def test_added_attack_does_not_pass_for_the_strongest(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Where an attack is added to what is recorded, the strongest of all is not told from it alone."""
    halves = HalvesProtocol(networks=4)
    attacks = [{"kind": "svm"}, {"kind": "loss"}]
    more = planned(tiny_sweep, tmp_path / "study", protocol=halves, attacks=attacks)
    shown, written = begun(more, terminal=False)
    shown.finished(make_completed(more.todo[0].trial_id, protocol=halves, attacks=more.sweep.attacks[1:]))
    shown.end()
    assert written.getvalue().splitlines()[1].endswith("test accuracy 0.900 ± 0.009  (n = 4; 1.5 s)")
    assert "worst" not in written.getvalue()
