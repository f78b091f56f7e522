"""The differences between one configuration and others, as a table for the terminal."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import pandas as pd
from rich.table import Table

from privsearch._util.numerals import fixed, signed
from privsearch.analysis.frames import records
from privsearch.analysis.labels import NOTATION, configuration, quantity, written
from privsearch.report.wording.formats import MISSING, console_table
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.study.result import Completed

_MOST: Final = 40
"""The most configurations that are shown; the first in `differences_frame` leak least."""

_MOST_BROKEN_DOWN: Final = 4
"""The most configurations that have a line for each attack."""


def differences_view(
    a: Completed, others: Sequence[Completed], differences: pd.DataFrame, varying: Collection[str]
) -> Table:
    """Return a table of the first 40 differences between A and others, for a terminal of 80 characters.

    Up to 4 others have a line for each attack that both sides ran.

    Args:
        a: the trial called A.
        others: the trials called B.
        differences: the table of `privsearch.analysis.differences.differences_frame` of these trials.
        varying: the axes by which configurations are named.
    """
    axes = {trial.trial_id: trial.spec.axes() for trial in (a, *others)}
    name = f"{a.spec.dataset_name}: what differs from A, {configuration(axes[a.trial_id], varying)}"
    table = console_table(*header(differences), title=name, caption=_caption(a, others, differences), gap=1)
    ids = differences["trial_id"].unique()
    shown = differences[differences["trial_id"].isin(ids[:_MOST])]
    if len(ids) > _MOST_BROKEN_DOWN:
        shown = shown[shown["role"] != "one attack"]
    for trial_id, rows in groupby(records(shown), key=lambda row: str(row["trial_id"])):
        # The id goes into the widest column.
        empty = [""] * (len(table.columns) - 2)
        table.add_row(configuration(axes[trial_id], varying), *empty, trial_id, style="bold")
        for row in rows:
            table.add_row(_row_name(row), *numbers(row), row["verdict"])
    return table


def header(differences: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of the columns, those of the test for equivalence only if it was asked for.

    Intervals that are corrected for several comparisons are marked as simultaneous.
    """
    interval = "95 % interval\n(simultaneous)" if (differences["family"] > 1).any() else "95 % interval"
    within = ("p within",) if "margin" in differences else ()
    return "B", "B - A", interval, "p", *within, "n", "verdict"


def numbers(row: Mapping[str, Any]) -> list[str]:
    """Return what stands between the name of a row and its verdict."""
    interval = MISSING if row["p"] is None else f"[{signed(row['low'])}, {signed(row['high'])}]"
    within = [_p(row["p_equivalent_corrected"])] if "margin" in row else []
    return [_signed(row["difference"]), interval, _p(row["p_corrected"]), *within, str(row["n"])]


def equivalence_words(differences: pd.DataFrame) -> str:
    """Explain the test for equivalence; empty if it was not asked for."""
    if "margin" not in differences:
        return ""
    margins = differences.dropna(subset="margin").drop_duplicates("role").set_index("role")["margin"].to_dict()
    accuracy, compared = (margins.get(role) for role in ("accuracy", "compared"))
    many = accuracy is not None and compared not in (None, accuracy)
    widths = f"{compared:g} ({quantity('test_accuracy')}: {accuracy:g})" if many else f"{compared or accuracy:g}"
    return (
        f"p within: of two one-sided t-tests that the difference lies within {widths} of 0, corrected likewise; less "
        "than 0.05 says that the 90 % interval does. "
    )


def _row_name(row: Mapping[str, Any]) -> str:
    column = Column.parse(row["quantity"])
    if row["role"] == "one attack":
        return f"    {column.attack}"
    return "    all attacks" if row["role"] == "all attacks" else f"  {quantity(row['quantity'])}"


def _signed(value: float | None) -> str:
    return MISSING if value is None else signed(value)


def _p(value: float | None) -> str:
    return MISSING if value is None else fixed(value)


def _caption(a: Completed, others: Sequence[Completed], differences: pd.DataFrame) -> str:
    num_compared = differences["trial_id"].nunique()
    compared = str(differences["quantity"][differences["role"].isin(["accuracy", "compared"])].iloc[-1])
    dead = ", ".join(trial.trial_id for trial in (a, *others) if trial.dead)
    cut = f"Shown: the {_MOST} of {num_compared} configurations with the lowest {quantity(compared)}. "
    means = [f"{quantity(name)} {_range(differences, name)}" for name in dict.fromkeys(("test_accuracy", compared))]
    return (
        f"{cut if num_compared > _MOST else ''}"
        f"A: trial {a.trial_id}, {', '.join(means)}. "
        f"{f'Not attacked, as a network gives all examples the same outputs: {dead}. ' if dead else ''}"
        f"{' '.join(_like_for_like(differences, compared))}"
        "B - A: the mean over the n targets, paired, as target k has the same subset and seed in both, with the "
        f"interval and the p-value of the paired t-test{family_words(differences)}. Significant: p below 0.05, where "
        "the interval excludes 0. "
        f"{equivalence_words(differences)}Not significant is no proof that nothing differs. "
        f"{a.spec.protocol.chance_words}: chance here is that of training and of drawing subsets, not of other data."
        f"\n{NOTATION}"
    )


def _range(differences: pd.DataFrame, column: str) -> str:
    """Return A's mean; the least and the greatest if it depends on the attacks that B has."""
    rows = differences[(differences["quantity"] == column) & differences["role"].isin(["accuracy", "compared"])]
    ends = dict.fromkeys(_mean(column, mean) for mean in (rows["a"].min(), rows["a"].max()))
    return " to ".join(ends)


def _like_for_like(differences: pd.DataFrame, compared: str) -> Iterator[str]:
    """Yield how the strongest attacks were chosen, and who could have chosen among more."""
    if Column.parse(compared).attack != WORST:
        return
    name = quantity(compared)
    yield f"{name}: like for like, of the strongest attack among those that A and B both ran."
    sides = differences.drop_duplicates("trial_id")
    for (only_a, only_b), rows in sides.groupby(["only_a", "only_b"], sort=False):
        also = [f"{side} alone also ran {names}" for side, names in (("A", only_a), ("B", only_b)) if names]
        if also:
            whose = "" if len(sides) == 1 else f" (in {len(rows)} of {len(sides)} comparisons)"
            yield f"{'; '.join(also)}{whose}: in the line of all attacks that side chooses among more."
    if len(sides) > _MOST_BROKEN_DOWN:
        yield f"Name up to {_MOST_BROKEN_DOWN} configurations to see the difference for each attack."
    yield ""


def family_words(differences: pd.DataFrame) -> str:
    """Tell for how many comparisons intervals and p-values are corrected."""
    rows = differences[~differences["role"].isin(["all attacks", "lowest accuracy", "highest accuracy"])]
    names = {"accuracy": quantity("test_accuracy"), "one attack": "single attacks"}
    told = [
        f"{row['family']} of {names.get(row['role'], quantity(row['quantity']))}"
        for row in records(rows.drop_duplicates("role"))
        if row["family"] > 1
    ]
    return f", both corrected for all comparisons of a kind ({', '.join(told)}; Bonferroni)" if told else ""


def _mean(column: str, value: float) -> str:
    return MISSING if math.isnan(value) else written(column, value)
