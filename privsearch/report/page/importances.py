"""Which axes of the configurations matter, for each objective and for reaching the front."""

from typing import Final, TypedDict

import pandas as pd

from privsearch.report.page.columns import Columns, columns_of
from privsearch.report.wording.importances import goal

_NUMBERS: Final = ("importance", "low", "high", "chance", "n")


class Chart(TypedDict):
    """How important each axis is for one thing.

    Attributes:
        title: for what, in words.
        rows: `axis`, `importance`, its 95 % interval from `low` to `high`, what an axis without effect stays below
            (`chance`), and `n`, the configurations that the axis has an effect on.
    """

    title: str
    rows: Columns


class Importances(TypedDict):
    """What the section shows of one task: a chart for each objective, and one for the front."""

    title: str
    charts: list[Chart]


def importances_section(title: str, table: pd.DataFrame) -> Importances:
    """The importances of one task.

    Args:
        title: the task's.
        table: a row for each objective, `front` among them, and axis; see `Chart` for its other columns.
    """
    known = table.dropna(subset="importance")
    return {
        "title": title,
        "charts": [
            {
                "title": goal(str(objective)),
                "rows": {"axis": [str(axis).replace("_", " ") for axis in rows["axis"]], **columns_of(rows, _NUMBERS)},
            }
            for objective, rows in known.groupby("objective", sort=False)
        ],
    }
