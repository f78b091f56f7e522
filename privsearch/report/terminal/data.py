"""The data of a sweep: their shapes, classes, identical rows and persons, and what may not be meant."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from rich.console import RenderableType
from rich.table import Column

from privsearch.data import Persons, examine_datasets
from privsearch.report.wording.formats import console_table, input_shape
from privsearch.spec import Dataset, TrialSpec
from privsearch.sweep.plan import Plan

MOST_CLASSES: Final = 4
"""The number of classes whose sizes are shown."""


def data_lines(plan: Plan) -> Iterator[RenderableType]:
    """Yield a table of a sweep's datasets, one a row, and then what was found in them."""
    examined = examine_datasets(plan.sweep.datasets)
    names = ("dataset", "train", "test", "input", "classes")
    persons = ["persons"] if any(found.persons for found in examined.values()) else []
    columns = (Column(name, no_wrap=True) for name in names)
    table = console_table(*columns, "their sizes", "repeated", *persons, gap=1)
    for name, found in examined.items():
        info, shape = plan.infos[name], input_shape(found.input_shape)
        counts = [_sizes(plan, name, "train_size", info.num_train), _sizes(plan, name, "test_size", info.num_test)]
        sizes = class_words(found.class_sizes) if found.class_sizes else "not counted yet"
        repeated = str(found.repeats.total) if found.repeats else "?"
        who = [person_words(found.persons)] if persons else []
        table.add_row(name, *counts, shape, str(info.num_classes), sizes, repeated, *who)
    yield table
    for name, info in plan.infos.items():
        if info.num_steps is not None:
            at_once = "all steps side by side" if info.network == "fcnet" else "the mean of an example's frames"
            yield f"{name}: over time; an SNN is driven step by step, an ANN sees {at_once}"
    yield from _batch_lines(plan)
    yield from _beyond_lines(plan)
    yield from finding_lines(plan.sweep.datasets)


def _sizes(plan: Plan, name: str, axis: Literal["train_size", "test_size"], whole: int) -> str:
    """Return how many examples of a split a dataset's trials take: `800 of 1437`, or `1437` if they take all."""
    sizes = {getattr(spec, axis) or whole for spec in _specs(plan) if spec.dataset_name == name}
    return f"{', '.join(map(str, sorted(sizes)))} of {whole}" if sizes - {whole} else str(whole)


def _specs(plan: Plan) -> Iterator[TrialSpec]:
    """Yield what each trial of a plan is to be, and what all trials of a search have in common."""
    yield from (trial.spec for trial in plan.all_trials)
    yield from (search.task.base for search in plan.searches)


def _batch_lines(plan: Plan) -> Iterator[str]:
    """Yield where a batch takes all that a network is trained on, so that each epoch is a single step."""
    whole: dict[str, set[int]] = {}
    for spec in _specs(plan):
        sizes = spec.protocol.training_examples(spec.train_size or plan.infos[spec.dataset_name].num_train)
        if spec.batch_size >= max(sizes):
            whole.setdefault(f"{spec.dataset_name}, {spec.protocol.kind}", set()).add(round(max(sizes)))
    for task, sizes_of_task in whole.items():
        sizes_words = ", ".join(map(str, sorted(sizes_of_task)))
        yield f"{task}: a batch takes all {sizes_words} examples of a network, so each epoch is a single step"


def _beyond_lines(plan: Plan) -> Iterator[str]:
    """Yield how many test examples of each dataset encodings cut to the range of the training split, in a line each."""
    encoded = {t.spec.dataset_name: t.spec for t in plan.trials if t.spec.encoding not in (None, "direct")}
    for name, spec in encoded.items():
        # Imported here, as torch takes seconds.
        from privsearch.data.splits import load_splits
        from privsearch.models.encoding import Encoder

        splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
        num_test = len(splits.y_test)
        beyond = Encoder.of(spec, splits).num_beyond(splits.inputs(splits.x_test))
        if beyond:
            yield (
                f"{name}: {beyond} of {num_test} test examples have a value beyond the training split's; encodings "
                "take it for the nearest one within"
            )


def finding_lines(datasets: Iterable[Dataset]) -> Iterator[str]:
    """Yield what was found in datasets and may not be meant, each as a line."""
    for name, found in examine_datasets(datasets).items():
        yield from (f"{name}: {warning}" for warning in found.warnings)


def person_words(persons: Persons | None) -> str:
    """Return the number of persons and of their rows: `120 by patient, 1 to 31 rows each`; nothing for none."""
    if persons is None:
        return ""
    rows = f"{persons.fewest:,}" + (f" to {persons.most:,}" if persons.most > persons.fewest else "")
    return f"{persons.count:,} by {persons.unit}, {rows} row{'s' if persons.most > 1 else ''} each"


def class_words(sizes: Mapping[str, int]) -> str:
    """Return the sizes of classes in a few words: all that are of one size together, else the largest first."""
    if len(set(sizes.values())) == 1:
        return f"{next(iter(sizes.values())):,} each"
    words = [f"{name} {size:,}" for name, size in sizes.items()]
    if len(words) <= MOST_CLASSES:
        return ", ".join(words)
    return ", ".join([*words[: MOST_CLASSES - 2], f"... {words[-1]}"])
