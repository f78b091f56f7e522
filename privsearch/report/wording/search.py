"""A search in words: its space, its sampler, its budget, and its progress."""

from collections.abc import Iterator
from typing import Any

from privsearch.analysis.labels import plain, quantity
from privsearch.spec import Search
from privsearch.spec.search import Range
from privsearch.study.proposals import Searched, counts_words


def budget_words(search: Search) -> str:
    """Return the limits that end a search, such as `30 trials or 10 minutes`."""
    until = search.until
    ends = [
        f"{search.trials} trials" if search.trials else "",
        f"{search.minutes:g} minutes" if search.minutes else "",
        f"less than {until.growth:g} of growth in {until.in_trials} trials" if until else "",
    ]
    return " or ".join(filter(None, ends))


def sampler_words(search: Search) -> str:
    """Return the sampler with its options: `nsga2, population_size 12`."""
    options = search.sampler.model_dump(exclude={"kind"})
    return ", ".join([search.sampler.kind, *(f"{name} {value}" for name, value in options.items())])


def space_words(search: Search) -> Iterator[str]:
    """Yield each axis with its list or range: `beta from 0.8 to 0.99`."""
    for axis, values in search.space.items():
        yield f"{axis} {_range(values) if isinstance(values, Range) else ', '.join(map(value_words, values))}"


def constraint_words(search: Search) -> Iterator[str]:
    """Yield each constraint: `test accuracy >= 0.9`."""
    return (f"{quantity(column)} {constraint}" for column, constraint in search.constraints.items())


def asked_words(search: Search, seed: int) -> list[str]:
    """Return all settings of a search in lines.

    Args:
        search: the search.
        seed: the sweep's seed, used if the search has no seed of its own.
    """
    used_seed = seed if search.seed is None else search.seed
    return [
        f"sampler {sampler_words(search)}; seed {used_seed}; up to {search.parallel} at a time await their results",
        f"ends after {budget_words(search)}, for each dataset under each protocol",
        f"space: {'; '.join(space_words(search))}",
        *([f"asked for: {', '.join(constraint_words(search))}"] if search.constraints else []),
    ]


def outcome_words(search: Search, log: Searched, waiting: int) -> str:
    """Return the progress of a search, and why it ended.

    Args:
        search: the search.
        log: the proposals and the end of the search, from its log.
        waiting: the number of proposed trials that have no result yet.
    """
    progress = counts_words(log.counts, search.trials)
    if log.ended:
        return f"{progress}; ended: {log.ended}"
    return f"{progress}; not ended" + (f", {waiting} without a result yet" if waiting else "")


def value_words(value: Any) -> str:
    """Return a value of an axis in words; None is full precision, or the whole split."""
    return "full" if value is None else plain(value)


def _range(values: Range) -> str:
    step = f" in steps of {plain(values.step)}" if values.step is not None else ""
    return f"from {plain(values.low)} to {plain(values.high)}{step}{', logarithmic' if values.log else ''}"
