"""The lines that a sweep prints at its end."""

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privsearch.analysis.tasks import Task
    from privsearch.api.sweeps import SweepOutcome
    from privsearch.report.outputs import Outputs
    from privsearch.sweep.racing.running import RunningRace


def closing_lines(outcome: "SweepOutcome", before: "Mapping[str, str] | None" = None) -> str:
    """Return what a run did, and where it is, in words.

    Args:
        outcome: the run.
        before: the `choices` before it, where it may change them.
    """
    from privsearch.report.wording.blind import blind_warnings
    from privsearch.report.wording.learning import learning_lines
    from privsearch.report.wording.odd_outputs import odd_output_warnings

    counts, paths = outcome.run, outcome.outputs.paths
    failed = len(outcome.failed)
    elsewhere = outcome.plan.attacks_elsewhere
    return "\n".join(
        [
            f"trials: {counts.num_completed} finished, {outcome.num_cached} recorded already, {failed} failed",
            *(start.line() for start in outcome.warm_starts),
            *(f"{search.line()}; ended: {search.ended}" for search in counts.searches),
            *(f"{race.line()}{_ended(race)}" for race in counts.races),
            *learning_lines(outcome.tasks),
            *blind_warnings(outcome.outputs.content.results),
            *odd_output_warnings(outcome.outputs.content.results),
            *(f"{attack} could not be run on {n}: {reason}" for (attack, reason), n in counts.refused.items()),
            *_unkept("signals", counts.unkept, "so that attacks to come need them trained again"),
            *_unkept("networks", counts.networks_unkept, "so that only `export --train` can give them"),
            *_set_aside(counts.set_aside),
            *unsatisfied(outcome.tasks),
            *([f"kept, but no longer asked for: the attacks {', '.join(elsewhere)}"] if elsewhere else []),
            *(["run the same command to try the failed ones again"] if failed else []),
            f"results: {paths.table('results')}",
            f"plots: {paths.fronts}",
            *verdicts(outcome.outputs),
            *changed_choices(before or {}, choices(outcome.tasks) if before else {}),
            *_next(outcome),
        ]
    )


def _ended(race: "RunningRace") -> str:
    from privsearch.report.wording.race import ENDED

    return f"; ended: {ENDED[race.state.ended]}" if race.state.ended else ""


def verdicts(outputs: "Outputs") -> list[str]:
    """Return the verdict on each task, below a line that tells what it is; nothing without a verdict."""
    from privsearch.report.wording.verdict import verdict_lines

    lines = [f"  {line}" for line in verdict_lines(outputs.tasks)]
    return ["verdict:", *lines] if lines else []


def choices(tasks: "Iterable[Task]") -> dict[str, str]:
    """Return the configuration that each task's verdict takes, in words, by the title of the task."""
    from privsearch.analysis.selection import selection_of
    from privsearch.report.wording.verdict import named

    selections = {task.title: selection_of(task) for task in tasks}
    return {title: named(found, found.chosen) for title, found in selections.items() if found and found.chosen}


def changed_choices(before: "Mapping[str, str]", after: "Mapping[str, str]") -> list[str]:
    """Return a line for each task of which something else is taken now than before these attacks."""
    others = {title: name for title, name in before.items() if after.get(title, name) != name}
    lines = [f"  {title}: before, {name} was taken; now it is {after[title]}" for title, name in others.items()]
    return ["changed by these attacks:", *lines] if lines else []


def _next(outcome: "SweepOutcome") -> list[str]:
    """Return the commands that go on from here; nothing without a result."""
    from privsearch.spec.columns import ACCURACY

    best = [float(task.candidates[ACCURACY].max()) for task in outcome.tasks if len(task.candidates)]
    # An accuracy that some configuration of every task reaches, or the example would end in a refusal.
    return next_lines(str(outcome.study.path), max(0.0, math.floor(100 * min(best) - 2) / 100)) if best else []


def next_lines(study: str, accuracy: float) -> list[str]:
    """Return the commands that go on from a finished study, each with what it is for.

    Args:
        study: the study's path.
        accuracy: an example of a least accuracy.
    """
    from privsearch._util.text import broken
    from privsearch.report.wording.formats import LINE

    where = shlex.quote(study)
    commands = {
        f"privsearch report {where}": "all of it on one page",
        f"privsearch pick {where} --min-accuracy {accuracy:g}": "which one to take",
        f"privsearch audit {where}": "what every attack found",
    }
    width = max(map(len, commands))
    lines = [f"  {command:{width}}  {purpose}" for command, purpose in commands.items()]
    if max(map(len, lines)) <= LINE:
        return ["next:", *lines]
    # With its purpose above it, and not behind it, a command is pasted as it stands.
    return [
        "next:",
        *(part for command, purpose in commands.items() for part in (f"  {purpose}:", broken(f"    {command}", LINE))),
    ]


def unsatisfied(tasks: "Iterable[Task]") -> list[str]:
    """Return a line for each task in which no configuration satisfies all constraints, with the nearest one."""
    from privsearch.report.wording.fronts import constraints_words, nearest_words

    return [
        f"no configuration of {task.title} satisfies {constraints_words(task)}; the nearest to it: {nearest}"
        for task in tasks
        if (nearest := nearest_words(task))
    ]


def _set_aside(paths: "Sequence[str]") -> list[str]:
    files = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    return [f"signals in {files} cannot be of their trial; set aside, and trained again: {paths[0]}"] if paths else []


def _unkept(what: str, reasons: "Sequence[str]", hence: str) -> list[str]:
    count = "1 trial" if len(reasons) == 1 else f"{len(reasons)} trials"
    return [f"the {what} of {count} could not be kept, {hence}: {reasons[0]}"] if reasons else []
