"""The data of a sweep: their shapes, classes and identical rows, and what may not be meant."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.console import RenderableType
from rich.table import Column

from privsearch.data import examine_datasets
from privsearch.report.wording.formats import console_table
from privsearch.spec import Dataset
from privsearch.sweep.plan import Plan

MOST_CLASSES: Final = 4
"""The number of classes whose sizes are shown."""


def data_lines(plan: Plan) -> Iterator[RenderableType]:
    """Yield a table of a sweep's datasets, one a row, and then what was found in them."""
    names = ("dataset", "train", "test", "input", "classes")
    table = console_table(*(Column(name, no_wrap=True) for name in names), "their sizes", "repeated", gap=1)
    for name, found in examine_datasets(plan.sweep.datasets).items():
        info, shape = plan.infos[name], "x".join(map(str, found.input_shape))
        counts = [str(n) for n in (info.num_train, info.num_test)]
        sizes = class_words(found.class_sizes) if found.class_sizes else "not counted yet"
        repeated = str(found.repeats.total) if found.repeats else "?"
        table.add_row(name, *counts, shape, str(info.num_classes), sizes, repeated)
    yield table
    yield from finding_lines(plan.sweep.datasets)


def finding_lines(datasets: Iterable[Dataset]) -> Iterator[str]:
    """Yield what was found in datasets and may not be meant, each as a line."""
    for name, found in examine_datasets(datasets).items():
        yield from (f"{name}: {warning}" for warning in found.warnings)


def class_words(sizes: Mapping[str, int]) -> str:
    """Return the sizes of classes in a few words: all that are of one size together, else the largest first."""
    if len(set(sizes.values())) == 1:
        return f"{next(iter(sizes.values())):,} each"
    words = [f"{name} {size:,}" for name, size in sizes.items()]
    if len(words) <= MOST_CLASSES:
        return ", ".join(words)
    return ", ".join([*words[: MOST_CLASSES - 2], f"... {words[-1]}"])
