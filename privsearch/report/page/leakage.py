"""The findings of every attack on every trial, with intervals and excesses over the placebo."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import pandas as pd

from privsearch.analysis.labels import TPRS
from privsearch.report.page.budget import WORDS, num_bytes
from privsearch.report.page.columns import NO_LEAKAGE, Columns, Heading, Leakage, columns_of
from privsearch.report.wording.audit import (
    EPSILON_WORDS,
    EXCESS_WORDS,
    clearest_excess_words,
    missing_words,
    notes,
    percent,
    sample_words,
)
from privsearch.report.wording.groups import group_lines
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.study.result import Completed

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MOST_GROUPED: Final = 20
"""The configurations whose subgroups are told of; slices.csv has all."""

_BOUNDS: Final = ("epsilon_low", "epsilon_ceiling")


def leakage(
    table: pd.DataFrame,
    completed: Mapping[str, Completed],
    trial_ids: Sequence[str],
    importance: Mapping[str, int],
    room: float,
) -> Leakage:
    """Return the part of the audit's table that belongs to one task, as far as it fits into the room.

    Args:
        table: the rows of `privsearch.analysis.audit.audit_table` for one dataset and protocol.
        completed: its trials by their ids, others as well.
        trial_ids: the ids of the task's rows, in their order.
        importance: the place of every trial in the order of importance; the last ones are left out first.
        room: the bytes that the table may have.
    """
    if len(set(table["attack"]) - {WORST}) == 1:  # the strongest is that one
        table = table[table["attack"] != WORST]
    place = {trial_id: number for number, trial_id in enumerate(trial_ids)}
    rows = table.assign(row=table["trial_id"].map(place).astype(int))
    if rows.empty:
        return NO_LEAKAGE.copy()
    protocol = completed[rows["trial_id"].iloc[0]].spec.protocol
    sentences = [*notes(rows, protocol), *(clearest_excess_words(rows) if protocol.has_placebo else [])]
    groups = list(group_lines(completed[trial_id] for trial_id in trial_ids if trial_id in completed))[:_MOST_GROUPED]
    shown = _within(rows, importance, room - num_bytes([*_headings(rows), *groups, *sentences]) - WORDS)
    missing = rows["trial_id"].nunique() - shown["trial_id"].nunique()
    return {
        "headings": list(_headings(rows)),
        "rows": _columns(shown),
        "sample": sample_words(rows),
        "left_out": (
            f"To keep this page small, {missing} of {rows['trial_id'].nunique()} trials are left out here: those less "
            "likely to be on the front. results.csv has all."
        )
        if missing
        else "",
        "groups": groups,
        "notes": sentences,
    }


def _within(rows: pd.DataFrame, importance: Mapping[str, int], room: float) -> pd.DataFrame:
    size = num_bytes(_columns(rows))
    if size <= room:
        return rows
    trials = sorted(rows["trial_id"].unique(), key=lambda trial_id: importance[trial_id])
    kept = trials[: int(max(0.95 * len(trials) * room / size, 0))]
    return rows[rows["trial_id"].isin(kept)]


def _rates(rows: pd.DataFrame) -> list[str]:
    """Return the true positive rates that some row has a number for."""
    return [tpr for tpr in TPRS if rows[tpr].notna().any()]


def _columns(rows: pd.DataFrame) -> Columns:
    """Return the table's columns, with attacks as indices into a list of names, as there are many rows."""
    attacks = list(dict.fromkeys(rows["attack"].tolist()))
    columns: Columns = {"row": rows["row"].tolist(), "attack": [attacks.index(name) for name in rows["attack"]]}
    means = map(partial(Column, None), ("auc", "excess_auc", *_rates(rows), "advantage", "excess_advantage"))
    names = [*(str(part) for mean in means for part in (mean, mean.low, mean.high)), *_BOUNDS]
    numbers = [name for name in names if rows[name].notna().any()]
    columns |= columns_of(rows, numbers)
    strongest = rows["strongest"].astype(object)
    return columns | {"attacks": attacks, "strongest": strongest.where(strongest.notna(), None).tolist()}


def _headings(rows: pd.DataFrame) -> Iterator[Heading]:
    yield {"key": "configuration", "label": "configuration", "kind": "text"}
    yield {"key": "attack", "label": "attack", "kind": "text"}
    yield {"key": "auc", "label": "AUC", "kind": "number", "help": "mean over the targets, with its 95 % interval"}
    # Without the placebo's own AUC: the excess is not their difference, but at the placebo's sample size.
    if rows["excess_auc"].notna().any():
        yield {"key": "excess_auc", "label": "excess AUC", "kind": "number", "help": EXCESS_WORDS}
    for tpr in _rates(rows):
        label = f"TPR at {percent(tpr).replace(' ', NO_BREAK)} FPR"
        why = missing_words(rows, tpr)
        yield {"key": tpr, "label": label, "kind": "number", **({"help": why} if why else {})}  # type: ignore[typeddict-item]
    yield {"key": "advantage", "label": "advantage", "kind": "number"}
    if rows["excess_advantage"].notna().any():
        yield {"key": "excess_advantage", "label": "excess advantage", "kind": "number", "help": EXCESS_WORDS}
    if rows["epsilon_low"].notna().any():
        yield {"key": "epsilon_low", "label": "epsilon at least", "kind": "number", "help": f"{EPSILON_WORDS}"}
        yield {"key": "epsilon_ceiling", "label": "epsilon that can be shown", "kind": "number"}
