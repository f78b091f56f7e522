"""The importances of axes, for each objective and for reaching the front."""

from typing import Final, TypedDict

import pandas as pd

from privsearch.report.page.columns import Columns, columns_of
from privsearch.report.wording.importances import goal

_NUMBERS: Final = ("importance", "low", "high", "chance", "n")


class Chart(TypedDict):
    """A chart of each axis's importance for one objective or for the front.

    Attributes:
        title: the objective, or the front, in words.
        rows: `axis`, `importance`, its 95 % interval from `low` to `high`, the level that an axis without effect stays
            below (`chance`), and `n`, the number of configurations that the axis has an effect on.
    """

    title: str
    rows: Columns


class Importances(TypedDict):
    """The section of a task's importances: a chart for each objective, and one for the front."""

    title: str
    charts: list[Chart]


def importances_section(title: str, table: pd.DataFrame) -> Importances:
    """Return the section of one task's importances.

    Args:
        title: the title of the task.
        table: a row for each axis and objective, `front` among the objectives; see `Chart` for the other columns.
    """
    computed = table.dropna(subset="importance")
    return {
        "title": title,
        "charts": [
            {
                "title": goal(str(objective)),
                "rows": {"axis": [str(axis).replace("_", " ") for axis in rows["axis"]], **columns_of(rows, _NUMBERS)},
            }
            for objective, rows in computed.groupby("objective", sort=False)
        ],
    }
