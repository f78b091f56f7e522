"""The numbers of an audit in words: cells of tables, and the notes below them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from privsearch._util.numerals import fixed
from privsearch.analysis.audit import clearest_excess
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import learning_frame
from privsearch.analysis.labels import (
    TPRS,
    guess_mark,
    guessing_words,
    matched_and_placebo,
    turned_words,
    written,
)
from privsearch.analysis.learning import learning_of
from privsearch.analysis.paired import ALPHA
from privsearch.report.wording.formats import MISSING
from privsearch.report.wording.learning import DEAD, learnt_less_words, not_learnt_words
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.spec.datasets import EXAMPLE
from privsearch.spec.protocol_spec import ProtocolSpec
from privsearch.study.result import Completed, Failed, TrialResult

_INTERVALS: Final = (
    "Fractions: the mean over the targets [95 % interval]. For an AUC the interval is that of a hierarchical bootstrap "
    "of targets and examples; for all else its normal approximation."
)
_WORST_MEANS: Final = (
    "worst: the attack with the highest mean AUC over the targets, with its numbers. The highest of several lies a "
    "little above 0.5 if all of them guess. Its interval accounts for the choice: it is simultaneous for all attacks "
    "(Bonferroni). The bound on epsilon is that of the attack that is the strongest on the first half of the examples, "
    "on the second half."
)
PLACEBO_WORDS: Final = (
    "Placebo: the same attack on examples that neither network was trained on; what it finds there is recognition of "
    "examples."
)
EXCESS_MEANING: Final = (
    "Excess: what the same number of real members adds to the placebo; 0 on average where nothing leaks and the "
    "training and test splits are alike."
)
EXCESS_WORDS: Final = f"{EXCESS_MEANING} In brackets: its 95 % interval, by Student's t over the replicates."
EPSILON_WORDS: Final = (
    "a lower bound on that of pure differential privacy, nats, and the largest that so many examples can show"
)
COINS_WORDS: Final = (
    "The coins being independent, the bound holds whatever the examples do to one another, and with the protocol's "
    "delta (Steinke et al. 2023)."
)
NO_WORST: Final = "no worst: not every attack that was asked for has been run"
NOT_RUN: Final = f"{MISSING}: the attack cannot be run on this model or these examples, or has not been yet."


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """Return a mean with its interval if it has one, such as `0.512 [0.490, 0.534]`, or a dash if it is missing."""
    if pd.isna(row[name]):
        return MISSING
    column = Column.parse(name)
    ends = [row[str(end)] for end in (column.low, column.high)]
    mean = written(name, row[name])
    return mean if pd.isna(ends[0]) else f"{mean} [{', '.join(written(name, end) for end in ends)}]"


def auc_words(row: Mapping[str, Any]) -> str:
    """Return an AUC with its interval, marked if guessing could give it, or if it is below 0.5 for certain."""
    return guess_mark(row, "auc") + with_interval(row, "auc")


def excess_words(row: Mapping[str, Any], name: str) -> str:
    """Return the excess of a number over its placebo, with its mark and its interval: `~+0.012 [-0.003, +0.027]`."""
    excess = str(Column(None, name).excess)
    return guess_mark(row, excess) + with_interval(row, excess)


def adding_up(row: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Return a number with as many members as its placebo has, and that placebo, so that they give the excess."""
    column = Column(None, name)
    placebo, excess = (row[str(part)] for part in (column.placebo, column.excess))
    if pd.isna(placebo) or pd.isna(excess):
        return MISSING, MISSING
    matched, below = matched_and_placebo(placebo, excess)
    return fixed(matched), fixed(below)


def clearest_excess_words(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the clearest excess of an attack other than the protocol's own, so that none goes unseen.

    Args:
        rows: rows of the audit's table, all under one protocol with a placebo.
    """
    found = clearest_excess(rows)
    if not found:
        return
    row, p, family = found
    if row["excess_auc_low"] <= 0:
        yield "No other attack has an excess whose interval lies above 0."
        return
    significant = "" if p < ALPHA else "not "
    yield (
        f"Clearest excess of another attack: {row['attack']} on {row['configuration']}, {excess_words(row, 'auc')}, "
        f"{significant}significant after correction for {family} comparison{'' if family == 1 else 's'} (p {p:.3f})."
    )


def epsilon_words(low: float | None, ceiling: float | None) -> str:
    """Return a bound on epsilon with the largest that could be shown: `0.84 of 3.1`."""
    if low is None or pd.isna(low):
        return MISSING
    return f"{low:.2f}" if ceiling is None or pd.isna(ceiling) else f"{low:.2f} of {ceiling:.1f}"


def sample_words(rows: pd.DataFrame) -> str:
    """Return the sizes of the sample: `8 targets per configuration, each with 227 members and 227 non-members`.

    Where persons are the units, it says so: `each a patient, with all of its rows`.
    """
    targets, members, others = (_span(rows[c]) for c in ("targets", "num_members", "num_non_members"))
    plural = "" if targets == "1" else "s"
    units = [unit for unit in rows["unit"].unique().tolist() if unit != EXAMPLE]
    of_persons = f", each a {' or '.join(units)}, with all of its rows" if units else ""
    return (
        f"{targets} target{plural} per configuration, each with {members} members and {others} non-members{of_persons}"
    )


def notes(rows: pd.DataFrame, protocol: ProtocolSpec) -> list[str]:
    """Return notes on how to read the numbers of one dataset and protocol.

    Args:
        rows: the rows of the audit's table.
        protocol: the protocol of their trials.
    """
    texts = [
        f"{sample_words(rows)}. {protocol.evaluation_words}",
        _INTERVALS,
        *guessing_words(zip(rows["auc_low"], rows["auc_high"], strict=True)),
        *turned_words(rows["auc_high"]),
        _WORST_MEANS if (rows["attack"] == WORST).any() else f"{NO_WORST}.",
    ]
    whole = len(rows) == rows["trial_id"].nunique() * rows["attack"].nunique()
    return texts if whole else [*texts, NOT_RUN]


def left_out(results: Sequence[TrialResult]) -> Iterator[str]:
    """Yield which trials have no line in the audit, and why, and which have one that says less than it seems to."""
    whole = f"of {len(results)} trials"
    if failed := sum(isinstance(result, Failed) for result in results):
        yield f"{failed} {whole} failed and are left out."
    if earlier := sum(isinstance(result, Completed) and result.audited_earlier for result in results):
        yield (
            f"{earlier} {whole} were audited by an earlier version: their TPRs, advantages and bounds on epsilon are "
            "not those described here. `privsearch sweep` evaluates them again where their signals are kept, without "
            "any training."
        )
    yield from _not_learnt(results)
    unattacked = [result for result in results if isinstance(result, Completed) and not result.across]
    if unattacked:
        dead = sum(learning_of(result) == "dead" for result in unattacked)
        why = f", {dead} of them as they are dead: a network {DEAD}" if dead else ""
        yield f"{len(unattacked)} {whole} could not be attacked and are left out{why}."


def _not_learnt(results: Sequence[TrialResult]) -> Iterator[str]:
    """Yield sentences on the trials that have learnt nothing, or far less than others, by dataset and protocol."""
    completed = [r for r in results if isinstance(r, Completed) and learning_of(r) != "dead"]
    for (dataset, protocol), task_rows in learning_frame(completed).groupby(["dataset", "protocol"], sort=False):
        varying = varying_axes(task_rows)
        for sentence in (*not_learnt_words(task_rows, varying), *learnt_less_words(task_rows, varying)):
            yield f"{dataset}, {protocol}: {sentence}"


def missing_words(rows: pd.DataFrame, tpr: str) -> str:
    """Return why some trials lack a true positive rate: `needs 1000 non-members, has 75`; empty if none does."""
    return "; ".join(rows[f"{tpr}_missing"].dropna().unique())


def percent(tpr: str) -> str:
    """Return the false positive rate of a column in percent: `0.1 %`."""
    return f"{TPRS[tpr]:.1%}".replace(".0%", "%").replace("%", " %")


def _span(values: pd.Series) -> str:
    few, most = int(values.min()), int(values.max())
    return f"{few}" if few == most else f"{few} to {most}"
