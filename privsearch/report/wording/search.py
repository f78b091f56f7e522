"""A search in words: what it may choose, what chooses, when it ends, and how far it is."""

from collections.abc import Iterator
from typing import Any

from privsearch.analysis.labels import plain, quantity
from privsearch.spec import Search
from privsearch.spec.search import Range
from privsearch.study.proposals import Searched, counts_words


def budget_words(search: Search) -> str:
    """When it ends, such as `30 trials or 10 minutes`."""
    until = search.until
    ends = [
        f"{search.trials} trials" if search.trials else "",
        f"{search.minutes:g} minutes" if search.minutes else "",
        f"less than {until.growth:g} of growth in {until.in_trials} trials" if until else "",
    ]
    return " or ".join(filter(None, ends))


def sampler_words(search: Search) -> str:
    """What chooses, with its options: `nsga2, population_size 12`."""
    options = search.sampler.model_dump(exclude={"kind"})
    return ", ".join([search.sampler.kind, *(f"{name} {value}" for name, value in options.items())])


def space_words(search: Search) -> Iterator[str]:
    """Each axis with its list or range: `beta from 0.8 to 0.99`."""
    for axis, values in search.space.items():
        yield f"{axis} {_range(values) if isinstance(values, Range) else ', '.join(map(value_words, values))}"


def constraint_words(search: Search) -> Iterator[str]:
    """Each constraint: `test accuracy >= 0.9`."""
    return (f"{quantity(column)} {constraint}" for column, constraint in search.constraints.items())


def asked_words(search: Search, seed: int) -> list[str]:
    """All that was asked of it, in lines.

    Args:
        search: what was asked for.
        seed: the sweep's, where the search has none of its own.
    """
    own = seed if search.seed is None else search.seed
    return [
        f"sampler {sampler_words(search)}; seed {own}; up to {search.parallel} at a time await their results",
        f"ends after {budget_words(search)}, for each dataset under each protocol",
        f"space: {'; '.join(space_words(search))}",
        *([f"asked for: {', '.join(constraint_words(search))}"] if search.constraints else []),
    ]


def outcome_words(search: Search, found: Searched, waiting: int) -> str:
    """How far it came, and why it ended.

    Args:
        search: what was asked for.
        found: what its log says.
        waiting: of its proposals, how many trials have no result yet.
    """
    told = counts_words(found.counts, search.trials)
    if found.ended:
        return f"{told}; ended: {found.ended}"
    return f"{told}; not ended" + (f", {waiting} without a result yet" if waiting else "")


def value_words(value: Any) -> str:
    """A value of an axis; null is full precision, or the whole split."""
    return "full" if value is None else plain(value)


def _range(values: Range) -> str:
    step = f" in steps of {plain(values.step)}" if values.step is not None else ""
    return f"from {plain(values.low)} to {plain(values.high)}{step}{', logarithmic' if values.log else ''}"
