"""The datasets at hand, as a table."""

from collections.abc import Sequence

from rich.table import Table

from privsearch.data import DatasetInfo
from privsearch.report.wording.formats import console_table


def dataset_table(infos: Sequence[DatasetInfo]) -> Table:
    """One row a dataset: its size, its shape, the network it is trained on, where it comes from."""
    columns = ("dataset", "train", "test", "classes", "input", "network", "source")
    table = console_table(*columns)
    for info in infos:
        shape = "x".join(map(str, info.input_shape))
        sizes = [str(n) for n in (info.num_train, info.num_test, info.num_classes)]
        table.add_row(info.name, *sizes, shape, info.network, info.source)
    return table
