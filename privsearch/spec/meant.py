"""What a sweep says that cannot be meant, which is refused, and what is seldom meant, which is remarked on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic_core import InitErrorDetails

from privsearch._util.text import shown
from privsearch.spec.columns import Column
from privsearch.spec.constraints import Constraints
from privsearch.spec.datasets import Dataset, DatasetName, OutputsDataset, dataset_name
from privsearch.spec.grids import Where, problem
from privsearch.spec.objectives import Objectives


def not_meant(
    datasets: Sequence[Dataset],
    grids: Mapping[str, Mapping[str, Any]],
    space: Mapping[str, Any],
    constraints: Constraints,
) -> list[InitErrorDetails]:
    """Return the problems of what has no effect, or misleads: nobody can have meant it.

    A sweep that a study was begun with is spared them: it ran.

    Args:
        datasets: the sweep's.
        grids: by name, the values of each axis.
        space: that of the search; empty if there is none.
        constraints: those of the search.
    """
    return [
        *_trained_elsewhere(datasets),
        *_misleading_names(datasets),
        *_repeated_values(grids, space),
        *_idle_constraints(constraints),
    ]


def remarks(objectives: Objectives) -> list[tuple[Where, str]]:
    """Return a sentence on each field of a sweep that is seldom meant as it is, with the path of the field."""
    found: list[tuple[Where, str]] = []
    for column, direction in objectives.items():
        usual = Column.parse(column).better
        if usual and direction != usual:
            sentence = (
                f"a good trial has {'much' if usual == 'maximize' else 'little'} of it, but it is to {direction}: the "
                f"front will hold the worst trials; write {usual}, unless that is meant"
            )
            found.append((("objectives", column), sentence))
    return found


def _trained_elsewhere(datasets: Sequence[Dataset]) -> Iterator[InitErrorDetails]:
    for index, dataset in enumerate(datasets):
        if isinstance(dataset, OutputsDataset):
            sentence = (
                "must be data to train on, but these are outputs of networks that were trained elsewhere; audit them "
                "with privsearch audit FILE.npz, and run more attacks on them with privsearch attack STUDY"
            )
            yield problem("trained_elsewhere", ("datasets", index), dataset.name, sentence)


def _misleading_names(datasets: Sequence[Dataset]) -> Iterator[InitErrorDetails]:
    for index, dataset in enumerate(datasets):
        name = dataset_name(dataset)
        if not isinstance(dataset, str) and name in get_args(DatasetName):
            rule = f"must not be the name of a built-in dataset, which tables would take it for, but got {shown(name)}"
            yield problem("misleading_name", ("datasets", index, "name"), name, f"{rule}; rename it")


def _repeated_values(grids: Mapping[str, Mapping[str, Any]], space: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    blocks: list[tuple[Where, Mapping[str, Any]]] = [(("grids", name), grid) for name, grid in grids.items()]
    for where, block in [*blocks, (("search", "space"), space)]:
        for axis, values in block.items():
            for index in _repeats(values) if isinstance(values, tuple) else ():
                sentence = f"every value must be given once, but got {shown(values[index])} again; remove one"
                yield problem("repeated_value", (*where, axis, index), values[index], sentence)


def _repeats(values: Sequence[Any]) -> list[int]:
    """Return the places of values that have occurred before."""
    seen: set[Any] = set()
    return [index for index, value in enumerate(values) if value in seen or seen.add(value)]  # type: ignore[func-returns-value]


def _idle_constraints(constraints: Constraints) -> Iterator[InitErrorDetails]:
    for column, constraint in constraints.items():
        low, high = Column.parse(column).judged_bounds(is_low=constraint.is_upper)
        if constraint.holds(low) and constraint.holds(high):
            percent = f"; {constraint.bound:g} % is {constraint.bound / 100:g}" if 1 < constraint.bound <= 100 else ""
            sentence = (
                f"must be able to fail for numbers of {low:g} to {high:g}, but got {str(constraint)!r}, which holds "
                f"for all of them{percent or '; correct the bound, or drop it'}"
            )
            yield problem("bad_constraint", ("search", "constraints", column), str(constraint), sentence)
