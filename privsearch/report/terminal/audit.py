"""The audit of a study for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
from rich.table import Column, Table

from privsearch._util.text import joined
from privsearch.analysis.audit import paper_attack
from privsearch.analysis.frames import records
from privsearch.analysis.labels import (
    NOTATION,
    guess_mark,
    guessing_excess_words,
    guessing_words,
    interval,
    matched_and_placebo,
    measured,
    turned_words,
    written,
)
from privsearch.analysis.promises import has_promise
from privsearch.report.wording.audit import (
    EXCESS_WORDS,
    NOT_RUN,
    PLACEBO_WORDS,
    clearest_excess_words,
    epsilon_words,
    missing_words,
    percent,
    sample_words,
)
from privsearch.report.wording.formats import MISSING, console_table, narrowed
from privsearch.report.wording.promises import promise_cells, promise_words
from privsearch.report.wording.verdict import MOST_NAMED
from privsearch.spec import WORST
from privsearch.spec.columns import EPSILON
from privsearch.spec.protocols import PROTOCOLS

_SHOWN_TPR: Final = "tpr_at_fpr_1e-2"
_FAIR_HEADERS: Final = ("test\naccuracy", "AUC", "attack", "TPR at\n1 % FPR")
_COINS_HEADERS: Final = ("test\naccuracy", "AUC", "attack", "epsilon\nat least")
_PROMISE_HEADERS: Final = ("epsilon\npromised", "epsilon\nat least")
_PAPER_HEADERS: Final = ("test\naccuracy", "matched\nAUC", "placebo\nAUC", "excess\nAUC")


def audit_view(table: pd.DataFrame, width: int = 80) -> Iterator[Table]:
    """Yield a table for each dataset and protocol with a completed trial, a line a configuration.

    Under a protocol with a placebo it has the AUC of the paper's attack on as many members as its placebo has, that
    placebo, and their difference, the excess; under another one the AUC of the strongest attack, the name of that
    attack, and the TPR at an FPR of 0.01, or, where independent coins chose the members, the bound on epsilon. Every
    mean has its interval, or else its standard deviation.

    Args:
        table: of `audit_table`.
        width: the characters of a line; where the table would not fit, intervals go below their numbers.
    """
    for (dataset, protocol), rows in table.groupby(["dataset", "protocol"], sort=False):
        fair, coins = not PROTOCOLS[str(protocol)].has_placebo, PROTOCOLS[str(protocol)].has_independent_coins
        attack = WORST if fair else paper_attack(rows)
        headers: tuple[str, ...]
        headers, cells = (_FAIR_HEADERS, _fair_cells) if fair else (_PAPER_HEADERS, _paper_cells)
        if coins:
            headers, cells = _COINS_HEADERS, _coins_cells
        is_private = has_promise(rows)
        headers = (*headers, *_PROMISE_HEADERS[: 1 if coins else 2]) if is_private else headers
        view = console_table(
            "configuration",
            *(Column(header, overflow="fold", no_wrap=header != "attack") for header in headers),
            title=f"{dataset}, {protocol}: {'the strongest attack' if fair else attack}",
            caption=_caption(rows, attack, coins=coins),
            gap=1,
        )
        lines = []
        for _, trial_rows in rows.groupby("trial_id", sort=False):
            by_attack = {row["attack"]: row for row in records(trial_rows)}
            texts = [MISSING] * (len(headers) - 1)
            if attack in by_attack:
                promise = promise_cells(by_attack[attack], EPSILON)[: 1 if coins else 2] if is_private else []
                texts = [*cells(by_attack[attack]), *promise]
            any_row = next(iter(by_attack.values()))
            lines.append([any_row["configuration"], _with_bounds(any_row, "test_accuracy"), *texts])
        for line in narrowed(["configuration", *headers], lines, width):
            view.add_row(*line)
        yield view


def _attacks(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows["attack"].unique().tolist() if name != WORST]


def _fair_cells(row: Mapping[str, Any]) -> list[str]:
    return [_with_bounds(row, "auc"), row["strongest"], _with_bounds(row, _SHOWN_TPR)]


def _coins_cells(row: Mapping[str, Any]) -> list[str]:
    return [_with_bounds(row, "auc"), row["strongest"], epsilon_words(row["epsilon_low"], row["epsilon_ceiling"])]


def _paper_cells(row: Mapping[str, Any]) -> list[str]:
    matched, placebo = matched_and_placebo(row["placebo_auc"], row["excess_auc"])
    shown = {**row, "matched_auc": matched, "placebo_auc": placebo}
    return [measured(shown, "matched_auc"), measured(shown, "placebo_auc"), _with_bounds(row, "excess_auc")]


def _with_bounds(row: Mapping[str, Any], column: str) -> str:
    """Write a number with its mark, if it can have one, and its interval; a dash if it is missing."""
    if row[column] is None:
        return MISSING
    return f"{guess_mark(row, column)}{written(column, row[column])} {interval(row, column)}".rstrip()


def _caption(rows: pd.DataFrame, attack: str, *, coins: bool) -> str:
    shown = rows[rows["attack"] == attack]
    lines = [f"{sample_words(rows)}.", "Means over the targets. In brackets: 95 % interval."]
    if attack == WORST:
        lines += guessing_words(zip(shown["auc_low"], shown["auc_high"], strict=True))
        lines += turned_words(shown["auc_high"])
        lines.append(
            f"attack: the one with the highest mean AUC of {joined(_attacks(rows), MOST_NAMED)}; the interval "
            "accounts for the choice."
        )
        if coins:
            lines.append("epsilon: nats, 95 % for all targets together; of the largest that can be shown.")
        elif missing := missing_words(shown, _SHOWN_TPR):
            lines.append(f"{MISSING} TPR at {percent(_SHOWN_TPR)} FPR: {missing}.")
    else:
        lines[-1] = f"{lines[-1]} ±: standard deviation over the targets."
        lines += [PLACEBO_WORDS, EXCESS_WORDS]
        lines += guessing_excess_words(zip(shown["excess_auc_low"], shown["excess_auc_high"], strict=True))
        lines += clearest_excess_words(rows)
    if len(shown) < rows["trial_id"].nunique():
        lines.append(NOT_RUN)
    return "\n".join([*lines, *promise_words(rows), NOTATION])
