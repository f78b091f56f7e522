"""The differences in leakage at equal accuracy, as a table for the terminal."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd
from rich.table import Table

from privsearch.analysis.equal_accuracy import FAMILY_AXES
from privsearch.analysis.frames import records
from privsearch.analysis.labels import NOTATION, configuration, quantity
from privsearch.report.terminal.differences import equivalence_words, family_words, header, numbers
from privsearch.report.wording.formats import console_table
from privsearch.spec.columns import Column
from privsearch.study.result import Completed


def equal_accuracy_view(
    a: Completed, others: Sequence[Completed], differences: pd.DataFrame, varying: Collection[str]
) -> Table:
    """Return a table of the differences between two families at equal accuracy, for a terminal of 80 characters.

    Args:
        a: the trial called A.
        others: the trials called B.
        differences: the table of `privsearch.analysis.equal_accuracy.equal_accuracy_frame` of these trials.
        varying: the axes by which configurations are named, but for those in which the members of a family differ.
    """
    axes = {trial.trial_id: trial.spec.axes() for trial in (a, *others)}
    varying = [axis for axis in varying if axis not in FAMILY_AXES]
    name = f"{a.spec.dataset_name}: what differs from A, {configuration(axes[a.trial_id], varying)}, at equal accuracy"
    table = console_table(*header(differences), title=name, caption=_caption(a, differences), gap=1)
    for trial_id, rows in groupby(records(differences), key=lambda row: str(row["trial_id"])):
        empty = [""] * (len(table.columns) - 2)
        table.add_row(configuration(axes[trial_id], varying), *empty, trial_id, style="bold")
        for row in rows:
            table.add_row(_row_name(row), *numbers(row), row["verdict"])
    return table


def _row_name(row: Mapping[str, Any]) -> str:
    if row["role"] == "one attack":
        return f"    {Column.parse(row['quantity']).attack}"
    end = {"lowest accuracy": "accuracy_low", "highest accuracy": "accuracy_high"}.get(row["role"])
    return f"  {quantity(row['quantity'])}" if end is None else f"    at {row[end]:.3f}"


def _caption(a: Completed, differences: pd.DataFrame) -> str:
    axes = " or ".join(FAMILY_AXES)
    return (
        f"A and B: each with the trials that differ from it in {axes} alone. {' '.join(_families(differences))} "
        "B - A: between the frontiers, the least that such an accuracy costs, on average over all accuracies that both "
        "reach, and at the lowest and the highest of them; paired over the n targets, with the interval and the "
        f"p-value of the t-test{family_words(differences)}. Significant: p below 0.05, where the interval excludes 0. "
        f"{equivalence_words(differences)}Not significant is no proof that nothing differs. "
        f"{a.spec.protocol.chance_words}: chance here is that of training and of drawing subsets, not of another split."
        f"\n{NOTATION}"
    )


def _families(differences: pd.DataFrame) -> Iterator[str]:
    """Yield the members and the accuracies of each comparison, and the attacks that not all members ran."""
    for row in records(differences[differences["role"] == "compared"]):
        members_a, members_b = (len(row[side].split(", ")) for side in ("members_a", "members_b"))
        yield (
            f"Trial {row['trial_id']}: {members_a} members of A and {members_b} of B, both from a test accuracy of "
            f"{row['accuracy_low']:.3f} to one of {row['accuracy_high']:.3f}."
        )
        for side, names in (("A", row["only_a"]), ("B", row["only_b"])):
            if names:
                yield f"Left out, as not all members ran it: {names} of {side}."
