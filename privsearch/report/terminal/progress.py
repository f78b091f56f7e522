"""The progress of a running sweep: a live display on a terminal, one line a trial in a log file.

While long trials run, a log has a line about every ten seconds that says how far they are.
"""

import time
from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from privsearch import errors
from privsearch.analysis.frames import completed_numbers
from privsearch.analysis.labels import configuration
from privsearch.analysis.learning import learning_of
from privsearch.report.terminal.best import BestSoFar, Finished, objective_words, sample
from privsearch.report.terminal.data import finding_lines
from privsearch.report.terminal.plan import given_splits_lines, reuse_lines, trial_names, unfit_lines
from privsearch.report.terminal.running import RunningTrials, clock
from privsearch.spec import WORST, TrialSpec
from privsearch.spec.columns import Column
from privsearch.spec.datasets import task_name
from privsearch.study.result import Completed, Death, Failed, TrialResult, priced
from privsearch.sweep.advance import TOLD_EVERY_SECONDS, Advance
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.remaining import Remaining

if TYPE_CHECKING:
    from privsearch.sweep.search.running import RunningSearch

LOG_LINES: Final = 200
"""The approximate maximum of lines about finished trials in a log, however many trials there are."""
QUIET_SECONDS: Final = 10 - TOLD_EVERY_SECONDS
"""The time without a line after which a log says how far the running trials are, when next a worker tells."""


class SweepProgress:
    """A display of a sweep: its trials and networks, how far the running ones are, the time, the most accurate."""

    def __init__(self, console: Console) -> None:
        """Show the sweep on `console`: live on a terminal, line by line elsewhere."""
        self._console = console
        self._live: Live | None = None
        self._best = BestSoFar()
        self._places: dict[str, int] = {}
        self._running: set[str] = set()
        self._done = self._failed = 0
        self._preparing = ""
        self._written_at = 0.0
        self._first_at: float | None = None
        self._searches: Sequence[RunningSearch] = ()

    def begin(self, plan: Plan) -> None:
        """Start the clock."""
        self._started_at = time.monotonic()
        self._cached = len(plan.trials) - len(plan.todo)
        self._todo = {trial.trial_id: trial for trial in plan.todo}
        self._num_of_grids = len(plan.todo)
        self._sweep = plan.sweep
        self._names = trial_names(plan)
        self._remaining = Remaining(plan.todo)
        self._at_work = RunningTrials(self._names, sum(len(trial.to_train) for trial in plan.todo))
        self._places = {trial.trial_id: place for place, trial in enumerate(plan.all_trials)}
        self._firsts = {_configuration_key(trial.spec): trial.trial_id for trial in reversed(plan.all_trials)}
        for line in (
            *finding_lines(plan.datasets_to_load),
            *given_splits_lines(plan),
            *reuse_lines(plan),
            *unfit_lines(plan),
        ):
            self._log(f"note: {line}")
        if self._todo and not self._console.is_terminal:
            self._log(f"{len(self._todo)} trials to do, {self._cached} cached")
        elif self._todo and not self._live:
            self._show()

    def searching(self, searches: "Sequence[RunningSearch]") -> None:
        """Show searches from now on; their trials are counted as they are proposed."""
        self._searches = searches
        for search in searches:
            self._remaining.expect(search.plan.seconds or 0.0)
        if self._console.is_terminal and not self._live:
            self._show()

    def end(self) -> None:
        """Remove the live display, or end the log with the most accurate configurations."""
        if self._live:
            self._live.stop()
        for search in self._searches if not self._live else ():
            self._log(search.line())
        for line in self._best_lines() if not self._live else ():
            self._log(line)

    def preparing(self, what: str) -> None:
        """Show what is done before the first trial; after the loss of a Ray, no worker is at any."""
        self._at_work.forget_workers()
        is_new, self._preparing = what != self._preparing, what
        if not self._live and (is_new or self._is_quiet()):
            self._log(what if is_new else f"{what} ({clock(self._elapsed())})")

    def started(self, trial: PlannedTrial) -> None:
        """Count a trial as running."""
        self._first_at = time.monotonic() if self._first_at is None else self._first_at
        self._running.add(trial.trial_id)
        self._places.setdefault(trial.trial_id, len(self._places))
        self._remaining.started(trial)
        if trial.trial_id not in self._todo:  # a search has proposed it
            self._todo[trial.trial_id] = trial
            self._at_work.expect(len(trial.to_train))
            self._names.setdefault(trial.trial_id, self._proposed_name(trial))

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Take note of how far a worker is; write a line if a log has had none for some time."""
        self._remaining.advanced(trial, advance)
        self._at_work.advanced(trial, advance)
        if not self._live and self._is_quiet() and (words := self._at_work.words()):
            self._log("  ".join([self._counts(), self._networks(), words]))

    def finished(self, result: TrialResult) -> None:
        """Count a trial as done or failed; print a failure at once, with its traceback unless it was foreseen."""
        self._running.discard(result.trial_id)
        self._remaining.finished(result)
        self._at_work.finished(result, self._todo.get(result.trial_id))
        if isinstance(result, Failed):
            self._failed += 1
            message = f"{result.error}: {result.message}{_last_words(result.death)}"
            trace = message if hasattr(errors, result.error) else result.traceback.rstrip() or message
            text = f"failed: {self._names[result.trial_id]} (trial {result.trial_id})\n{trace}"
            self._log(text)
            return
        self._done += 1
        shown = self._note_best(result)
        every = max(1, self._total // LOG_LINES)
        if not self._live and (self._done + self._failed) % every == 0:
            kind = learning_of(result)
            shown += [] if kind == "learnt" else [kind]
            took = f"({sample(len(result.replicates))}; {result.seconds:.1f} s)"
            self._log("  ".join([self._counts(), self._names[result.trial_id], *shown, took]))

    def _show(self) -> None:
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True)
        self._live.start()

    def _proposed_name(self, trial: PlannedTrial) -> str:
        """Return a search's trial in words: the axes that the search chooses; one of a race with its networks."""
        first = self._firsts.get(_configuration_key(trial.spec))
        if first and first != trial.trial_id:
            return f"{self._names[first]}, {trial.spec.protocol.networks} networks"
        self._firsts[_configuration_key(trial.spec)] = trial.trial_id
        search = self._sweep.search
        axes = configuration(trial.spec.axes(), list(search.space) if search else ())
        return f"{self._task_name(trial.spec)} {axes}"

    def _task_name(self, spec: TrialSpec) -> str:
        several = len(self._sweep.protocol) > 1
        return task_name(spec.dataset_name, spec.protocol.kind, several=several, separator=" ")

    @property
    def _total(self) -> int:
        """The number of trials to do, as far as it is known; a race asks for more, round by round."""
        known = self._num_of_grids + sum(search.expected for search in self._searches)
        return max(known, len(self._todo))

    def _is_quiet(self) -> bool:
        """Tell whether nothing has been written for some time."""
        return time.monotonic() - self._written_at >= QUIET_SECONDS

    def _log(self, text: str) -> None:
        self._written_at = time.monotonic()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _note_best(self, result: Completed) -> list[str]:
        """Take note of what may be the best; return the result's objectives with a number, in words."""
        protocol = result.spec.protocol
        task = self._task_name(result.spec)
        # If attacks are added to a trial, its result has only these, and the strongest of all is not known yet.
        partial = len(result.spec.attacks) < len(self._sweep.attacks_under(protocol, result.spec.network_kind))
        objectives = self._sweep.objectives_under(protocol.kind)
        values = completed_numbers(priced(result, self._sweep.energy))
        known = [
            column
            for column in objectives
            if values.get(column) is not None and not (partial and Column.parse(column).attack == WORST)
        ]
        allowed = all(
            (value := values.get(column)) is not None and constraint.holds(constraint.judged(column, value))
            for column, constraint in self._sweep.constraints().items()
        )
        if allowed and learning_of(result) == "learnt" and len(known) == len(objectives):
            name, place = self._names[result.trial_id].removeprefix(task).strip(), self._places[result.trial_id]
            targets, axes = len(result.replicates), result.spec.axes()
            finished = Finished(name, place, targets, values, axes, objectives)
            self._best.note(task, _configuration_key(result.spec), finished)
        return objective_words(values, known)

    def _counts(self) -> str:
        finished = self._done + self._failed
        width = len(str(self._total))
        failed = f", {self._failed} failed" if self._failed else ""
        return f"[{finished:{width}}/{self._total}{failed}; {clock(self._elapsed())}, {self._left()}]"

    def _networks(self) -> str:
        return f"{self._at_work.networks_done}/{self._at_work.networks} networks"

    def _elapsed(self) -> float:
        return time.monotonic() - self._started_at

    def _left(self) -> str:
        seconds = None if self._first_at is None else self._remaining.seconds(time.monotonic() - self._first_at)
        return "? left" if seconds is None else f"{clock(seconds)} left"

    def _render(self) -> Group:
        finished, todo = self._done + self._failed, self._total
        bar = Table.grid(padding=(0, 1))
        networks, networks_done = self._at_work.networks, self._at_work.networks_done
        shown_networks = f", {self._networks()}" if networks else ""
        # Both, as a trial may be one network or many, and long after its last network.
        moving = ProgressBar(total=todo + networks, completed=finished + networks_done, width=20)
        bar.add_row(moving, f"{finished}/{todo} trials{shown_networks}")
        counts = f"{self._done} done, {len(self._running)} running, {self._failed} failed, {self._cached} cached"
        times = f"{clock(self._elapsed())} elapsed, {self._left()}"
        between = "; " if len(counts) + 2 + len(times) <= self._console.width else "\n"
        table = self._at_work.table()
        preparing = [Text(self._preparing)] if self._preparing and self._first_at is None else []
        best = [Text(line) for line in self._best_lines(" so far")]
        searches = [Text(search.line(), overflow="ellipsis", no_wrap=True) for search in self._searches]
        running = [table] if table else []
        return Group(bar, Text(f"{counts}{between}{times}"), *preparing, *running, *searches, *best)

    def _best_lines(self, until: str = "") -> list[str]:
        """Return the best of each task: of this run alone, where others are recorded already."""
        return self._best.lines(" of this run" if self._cached else until)


def _configuration_key(spec: TrialSpec) -> tuple[object, ...]:
    """Return what tells configurations apart, whatever their number of networks."""
    return spec.dataset_name, spec.protocol.kind, *spec.axes().values()


def _last_words(death: Death | None) -> str:
    return "\nits log ended so:\n" + indent(death.log_tail, "  ") if death and death.log_tail else ""
