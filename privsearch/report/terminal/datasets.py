"""The datasets at hand, as a table."""

from collections.abc import Sequence

from rich.table import Table

from privsearch.data import DatasetInfo
from privsearch.report.wording.formats import console_table, input_shape


def dataset_table(infos: Sequence[DatasetInfo]) -> Table:
    """Return a table with one row a dataset: its size, shape, kind of network and source."""
    columns = ("dataset", "train", "test", "classes", "input", "network", "source")
    table = console_table(*columns)
    for info in infos:
        shape = input_shape(info.input_shape)
        sizes = [str(n) for n in (info.num_train, info.num_test, info.num_classes)]
        table.add_row(info.name, *sizes, shape, info.network, info.source)
    return table
