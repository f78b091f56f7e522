"""The settings of a sweep, and the state of its trials, in a few lines."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from privsearch.analysis.labels import quantity
from privsearch.analysis.learning import learning_of
from privsearch.report.wording.search import asked_words, outcome_words, value_words
from privsearch.spec import SweepSpec
from privsearch.spec.datasets import dataset_name
from privsearch.study.proposals import Searched
from privsearch.study.result import Completed, Failed, TrialResult


class Fact(TypedDict):
    """A setting of the sweep: its name, and its values, one a line."""

    name: str
    said: list[str]


class Overview(TypedDict):
    """The section of what was asked.

    Attributes:
        counts: the number of trials in each state.
        facts: the settings of the sweep.
    """

    counts: dict[str, int]
    facts: list[Fact]


def overview(
    sweep: SweepSpec,
    trials: Mapping[str, str],
    results: Sequence[TrialResult],
    searches: Sequence[Searched],
) -> Overview:
    """Return the settings of a sweep, and the number of its trials in each state."""
    completed = [result for result in results if isinstance(result, Completed)]
    learning = Counter(map(learning_of, completed))
    names = [dataset_name(dataset) for dataset in sweep.datasets]
    objectives = {protocol.kind: sweep.objectives_under(protocol.kind) for protocol in sweep.protocol}
    facts = {
        "Datasets": [", ".join(names)],
        "Who is a member": [protocol.summary for protocol in sweep.protocol],
        "Configurations": [f"{name}: {_grid(grid)}" for name, grid in sweep.grids.items()],
        "Search": asked_words(sweep.search, sweep.seed) if sweep.search else [],
        "Searched": list(_searched(sweep, results, searches)),
        "Training": _recipe(sweep.recipe),
        "Attacks": [", ".join(attack.name for attack in sweep.attacks)],
        "Objectives": [
            f"{kind}: " + ", ".join(f"{_way(way)} {quantity(column)}" for column, way in chosen.items())
            for kind, chosen in objectives.items()
        ],
        "Time": [_time(sum(result.seconds for result in results))],
    }
    return {
        "counts": {
            "asked for": len(trials),
            "completed": len(completed),
            "failed": sum(isinstance(result, Failed) for result in results),
            "dead": learning["dead"],
            "not learnt": learning["not learnt"],
            "not run yet": len(trials) - len(results),
        },
        "facts": [{"name": name, "said": values} for name, values in facts.items() if values],
    }


def _searched(sweep: SweepSpec, results: Sequence[TrialResult], searches: Sequence[Searched]) -> Iterator[str]:
    """Yield the progress of each search, and why it ended."""
    if sweep.search is None:
        return
    protocols = {result.trial_id: result.spec.protocol.kind for result in results}
    for log in searches:
        ids = log.numbers
        kinds = {protocols[trial_id] for trial_id in ids if trial_id in protocols} if len(sweep.protocol) > 1 else ()
        waiting = sum(trial_id not in protocols for trial_id in ids)
        yield f"{' '.join([log.dataset, *kinds])}: {outcome_words(sweep.search, log, waiting)}"


def _grid(grid: Mapping[str, Sequence[Any]]) -> str:
    return "; ".join(f"{axis} {', '.join(map(value_words, values))}" for axis, values in grid.items())


def _recipe(recipe: Mapping[str, Any]) -> list[str]:
    common = {name: value for name, value in recipe.items() if name != "overrides"}
    blocks = {"": common, **{f"{name}: ": settings for name, settings in recipe.get("overrides", {}).items()}}
    return [
        start + ", ".join(f"{name} {value_words(value)}" for name, value in settings.items())
        for start, settings in blocks.items()
        if settings
    ]


def _way(direction: str) -> str:
    return "high" if direction == "maximize" else "low"


def _time(seconds: float) -> str:
    for unit, length in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit} of computing in all trials together"
    return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'} of computing in all trials together"
