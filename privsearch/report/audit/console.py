"""The audit of a study for the terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pandas as pd
from rich import box
from rich.table import Table

from privsearch.front import records
from privsearch.report.audit.table import audit_table, paper_attack
from privsearch.report.audit.words import auc_words, floor_words, missing_words, percent, sample_words
from privsearch.report.labels import NOTATION
from privsearch.report.paper.formats import MISSING
from privsearch.result import TrialResult
from privsearch.spec import WORST

_SHOWN_TPR: Final = "tpr_at_fpr_1e-2"
_FAIR_HEADERS: Final = ("test\naccuracy", "AUC", "attack", "TPR at\n1 % FPR")
_PAPER_HEADERS: Final = ("test\naccuracy", "AUC", "placebo\nAUC", "excess\nAUC")


def audit_view(results: Iterable[TrialResult]) -> Iterator[Table]:
    """A table for each dataset and protocol with a completed trial, one line a configuration, in 80 columns.

    Under `paper` it has the AUC of the paper's attack, its placebo and its excess; under `halves` the AUC of the
    strongest attack with its interval, which attack that is, and the TPR at an FPR of 0.01.
    """
    table = audit_table(results)
    for (dataset, protocol), rows in table.groupby(["dataset", "protocol"], sort=False):
        fair = protocol == "halves"
        shown = rows[rows["attack"] == (WORST if fair else paper_attack(rows))]
        headers, cells = (_FAIR_HEADERS, _fair_cells) if fair else (_PAPER_HEADERS, _paper_cells)
        view = _table(
            f"{dataset}, {protocol}: {'the strongest attack' if fair else paper_attack(rows)}",
            _caption(shown, fair=fair),
        )
        view.add_column("configuration")
        for header in headers:
            view.add_column(header, overflow="fold", no_wrap=header != "attack")
        for row in records(shown):
            view.add_row(row["configuration"], f"{row['test_accuracy']:.3f}", *cells(row))
        yield view


def _fair_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    rate = MISSING if pd.isna(row[_SHOWN_TPR]) else f"{row[_SHOWN_TPR]:.3f}"
    return (auc_words(row), row["strongest"], rate)


def _paper_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (auc_words(row), f"{row['placebo_auc']:.3f}", f"{row['excess_auc']:+.3f}")


def _caption(rows: pd.DataFrame, *, fair: bool) -> str:
    lines = [f"{sample_words(rows)}.", "Means over the targets [95 % interval].", floor_words(rows)]
    if fair:
        lines.append("attack: the strongest on the other targets; on how many, where that varies.")
        if missing := missing_words(rows, _SHOWN_TPR):
            lines.append(f"{MISSING} TPR at {percent(_SHOWN_TPR)} FPR: {missing}.")
    else:
        lines.append("placebo: where nothing was trained on. excess: 0 on average without a leak.")
    return "\n".join([*lines, NOTATION])


def _table(title: str, caption: str) -> Table:
    return Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=0,  # the box puts one space between columns; two would not fit into 80 characters
        pad_edge=False,
        show_edge=False,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="",
    )
