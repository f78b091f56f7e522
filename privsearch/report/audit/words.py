"""The numbers of an audit in words: cells of tables, and the notes below them."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from privsearch.report.audit.table import TPRS
from privsearch.report.paper.formats import MISSING
from privsearch.spec import WORST

_GUESSING: Final = "~"

_INTERVALS: Final = (
    "Fractions: the mean over the targets [95 % interval]. For an AUC the interval is that of a hierarchical bootstrap "
    "of targets and examples; for all else, and where worst stands for several attacks, its normal approximation."
)
_WORST_MEANS: Final = (
    "worst: on each target the attack that is the strongest on the other targets, so that guessing stays at 0.5."
)
_OF_PROTOCOL: Final = {
    "halves": "Every network is trained on a random half of the training split and judged on all of it.",
    "paper": "All targets share their members and non-members: the intervals are about these examples alone.",
}


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """A mean with its interval, `0.512 [0.490, 0.534]`; a dash where it is missing."""
    if pd.isna(row[name]):
        return MISSING
    return f"{row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"


def auc_words(row: Mapping[str, Any]) -> str:
    """An AUC with its interval, marked where guessing could give it."""
    guessing = abs(row["auc"] - 0.5) <= row["noise_floor"]
    return f"{_GUESSING if guessing else ''}{with_interval(row, 'auc')}"


def sample_words(rows: pd.DataFrame) -> str:
    """On what the numbers rest: `8 targets a configuration, each with 227 members and 227 non-members`."""
    targets, members, others = (_span(rows[c]) for c in ("targets", "num_members", "num_non_members"))
    plural = "" if targets == "1" else "s"
    return f"{targets} target{plural} a configuration, each with {members} members and {others} non-members"


def notes(rows: pd.DataFrame) -> list[str]:
    """What the numbers of one dataset and protocol are, and how to read them.

    Args:
        rows: of the audit's table.
    """
    return [
        f"{sample_words(rows)}. {_OF_PROTOCOL[rows['protocol'].iloc[0]]}",
        _INTERVALS,
        f"{floor_words(rows)} A mean over several can be within it and above 0.5 for certain: its interval tells.",
        _WORST_MEANS if (rows["attack"] == WORST).any() else "worst needs two targets, as it is chosen on others.",
    ]


def floor_words(rows: pd.DataFrame) -> str:
    """What the mark beside an AUC means, and how wide the noise floor is."""
    floors = sorted({f"{floor:.3f}" for floor in rows["noise_floor"]})
    return f"{_GUESSING} within the noise floor, 0.5 ± {' or '.join(floors)}: so is guessing on 95 % of single targets."


def missing_words(rows: pd.DataFrame, tpr: str) -> str:
    """Why some trials lack a true positive rate: `needs 1000 non-members, has 75`; empty where none does."""
    return "; ".join(rows[f"{tpr}_missing"].dropna().unique())


def percent(tpr: str) -> str:
    """The false positive rate of a column: `0.1 %`."""
    return f"{TPRS[tpr]:.1%}".replace(".0%", "%").replace("%", " %")


def _span(values: pd.Series) -> str:
    few, most = int(values.min()), int(values.max())
    return f"{few}" if few == most else f"{few} to {most}"
