"""The differences between one configuration and others, as a table for the terminal."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import pandas as pd
from rich.table import Table

from privsearch.analysis.frames import records, varying_axes
from privsearch.analysis.labels import NOTATION, configuration, quantity
from privsearch.report.wording.formats import MISSING, console_table
from privsearch.study.result import Completed

_MOST: Final = 40
"""The most configurations that are shown; the first in `differences_frame` leak least."""


def differences_view(a: Completed, others: Sequence[Completed], differences: pd.DataFrame) -> Table:
    """Return a table of the first 40 differences between A and others, for a terminal of 80 characters.

    Args:
        a: the trial called A.
        others: the trials called B.
        differences: the table of `privsearch.analysis.differences.differences_frame` of these trials.
    """
    axes = {trial.trial_id: trial.spec.axes() for trial in (a, *others)}
    varying = varying_axes(pd.DataFrame(axes.values()))
    name = f"{a.spec.dataset_name}: what differs from A, {configuration(axes[a.trial_id], varying)}"
    header = ("B", "B - A", "95 % interval", "p\n(Holm)", "n", "verdict")
    table = console_table(*header, title=name, caption=_caption(a, others, differences))
    shown = differences[differences["trial_id"].isin(differences["trial_id"].unique()[:_MOST])]
    for trial_id, rows in groupby(records(shown), key=lambda row: str(row["trial_id"])):
        # The id goes into the widest column.
        table.add_row(configuration(axes[trial_id], varying), *[""] * 4, trial_id, style="bold")
        for row in rows:
            table.add_row(f"  {quantity(row['quantity'])}", *_numbers(row), row["verdict"])
    return table


def _numbers(row: Mapping[str, Any]) -> list[str]:
    difference = MISSING if row["difference"] is None else f"{row['difference']:+.3f}"
    if row["p"] is None:
        return [difference, MISSING, MISSING, str(row["n"])]
    p = MISSING if row["p_holm"] is None else f"{row['p_holm']:.3f}"
    return [difference, f"[{row['low']:+.3f}, {row['high']:+.3f}]", p, str(row["n"])]


def _caption(a: Completed, others: Sequence[Completed], differences: pd.DataFrame) -> str:
    means = differences.drop_duplicates("quantity").set_index("quantity")["a"]
    num_compared = len(differences) // len(means)
    dead = ", ".join(trial.trial_id for trial in (a, *others) if trial.dead)
    cut = f"Shown: the {_MOST} of {num_compared} configurations with the lowest {quantity(str(means.index[-1]))}. "
    return (
        f"{cut if num_compared > _MOST else ''}"
        f"A: trial {a.trial_id}, {', '.join(f'{quantity(str(name))} {_mean(mean)}' for name, mean in means.items())}. "
        f"{f'Not attacked, as a network gives all examples the same outputs: {dead}. ' if dead else ''}"
        "B - A: the mean over the n targets, paired, as target k has the same subset and seed in both; 95 % interval "
        "of the paired t-test, for one comparison alone. p (Holm): the p-value of that test, corrected for the "
        f"{num_compared} comparisons of the same quantity; the verdict asks for less than "
        f"0.05. Cannot tell: chance would do, or there is one target, no spread, or a number missing ({MISSING}). "
        f"{a.spec.protocol.chance_words}: chance here is that of training and of drawing subsets, not of another "
        f"split.\n{NOTATION}"
    )


def _mean(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:.3f}"
