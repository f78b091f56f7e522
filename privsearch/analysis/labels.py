"""Configurations, columns and numbers in the words that tables and plots share."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from privsearch.analysis.metrics import FPRS, needed_for_held_out, rate_key
from privsearch.spec import AXES
from privsearch.spec.axes import BUILT_IN_MODELS, UNTOLD
from privsearch.spec.columns import Column

_BIT_WIDTHS: Final = {"weight_bit_width": "w", "act_bit_width": "a"}
_SAID_FIRST: Final = ("model", "threshold", *_BIT_WIDTHS)
_TOLD_ALONE: Final = ("surrogate_gradient", "dp")
_SIZES: Final = ("train_size", "test_size")

LIKELY: Final = 0.5
POSSIBLE: Final = 0.1
"""From these probabilities on, a configuration is called likely, or possible, to be on a front."""

TPRS: Final = {f"tpr_at_fpr_{rate_key(fpr)}": fpr for fpr in FPRS}
"""The true positive rates among an attack's numbers, and the false positive rate of each."""

_GUESSING: Final = "~"
"""Marks an AUC whose interval holds what guessing gives."""

_TURNED: Final = "!"
"""Marks an AUC that is below 0.5 for certain."""

TAKEN: Final = "*"
"""Marks the configuration that `privsearch pick` takes."""

TAKEN_MEANING: Final = "what privsearch pick takes"

NOTATION: Final = "fp32: full precision; w4, a4: bits of weights, activations; @ 0.5: threshold."
"""The meaning of the words of `configuration`."""


def configuration(row: Mapping[str, Any], varying: Collection[str]) -> str:
    """Name a configuration, such as `SNN w4 atan`, `ANN a4 @ 0.5` or `ANN fp32` (full precision).

    Args:
        row: a row of the results table as plain values, as of `privsearch.analysis.frames.records`.
        varying: the axes to name, of `privsearch.analysis.frames.varying_axes`; the model is always named, and how
            membranes are quantised only where that is not the default.
    """
    words = [model_name(row["model"]), *_precision(row, varying)]
    for axis in [axis for axis in AXES if axis in varying and axis not in _SAID_FIRST]:
        value = "all" if row[axis] is None and axis in _SIZES else row[axis]
        if value is not None and value != UNTOLD.get(axis):
            words.append(plain(value) if axis in _TOLD_ALONE else f"{axis} {plain(value)}")
    return " ".join(words)


def model_name(model: str) -> str:
    """Name a model: `ANN`, `SNN`, or a registered model's name and version as they are."""
    return model.upper() if model in BUILT_IN_MODELS else model


def quantity(column: str) -> str:
    """Name a result column: `test accuracy`, `svm AUC`, `lira TPR at FPR 1e-2`."""
    parsed = Column.parse(column)
    words = parsed.number.replace("_", " ")
    if parsed.attack is None:
        return words
    for abbreviation in ("auc", "tpr", "fpr"):
        words = words.replace(abbreviation, abbreviation.upper())
    return f"{parsed.attack} {words}"


def measured(row: Mapping[str, Any], column: str) -> str:
    """Write a mean with its standard deviation over the targets, `0.953 ± 0.012`; the mean alone with one target."""
    spread = row.get(str(Column.parse(column).sd))
    return f"{row[column]:.3f}" if spread is None else f"{row[column]:.3f} ± {spread:.3f}"


def interval(row: Mapping[str, Any], column: str) -> str:
    """Write the 95 % interval of a fraction without leading zeros, `[.580, .644]`; empty if the table has none."""
    parsed = Column.parse(column)
    ends = [row.get(str(end)) for end in (parsed.low, parsed.high)]
    return "" if None in ends else f"[{', '.join(_without_zero(f'{end:.3f}') for end in ends)}]"


def _without_zero(number: str) -> str:
    """Leave out the zero before the decimal point."""
    return re.sub(r"^(-?)0\.", r"\1.", number)


def matched_and_placebo(placebo: float, excess: float) -> tuple[str, str]:
    """Write a number with as many members as its placebo has, and that placebo, so that they give the excess.

    They are rounded in such a way that the first less the second is the excess as it is written, with three digits.
    """
    below, beyond = round(placebo, 3), round(excess, 3)
    return f"{below + beyond:.3f}", f"{below:.3f}"


def reason_missing(tpr: str, num_non_members: int) -> str | None:
    """Give the reason why so many non-members have no true positive rate, one of `TPRS`."""
    needed = needed_for_held_out(TPRS[tpr])
    if num_non_members < needed:
        return f"needs {needed} non-members, has {num_non_members}"
    return "needs members and non-members on either half of the examples"


def auc_mark(low: float | None, high: float | None, guess: float = 0.5) -> str:
    """Return `!` for an AUC whose 95 % interval lies below guessing, `~` for one whose interval holds it, else nothing.

    Args:
        low: the lower end of the interval of what is shown, such as a mean over targets; None if there is no interval.
        high: the upper end.
        guess: what guessing gives: 0.5, and 0 for an excess over a placebo.
    """
    if low is None or high is None:
        return ""
    if high < guess:
        return _TURNED
    return _GUESSING if low <= guess else ""


def guessing_words(ends: Iterable[tuple[float | None, float | None]]) -> list[str]:
    """Explain the mark of AUCs that guessing could give, if one of these intervals has it."""
    marked = any(auc_mark(low, high) == _GUESSING for low, high in ends)
    return [f"{_GUESSING} not above guessing: the 95 % interval holds 0.5."] if marked else []


def guessing_excess_words(ends: Iterable[tuple[float | None, float | None]]) -> list[str]:
    """Explain the mark of excesses over a placebo that may be 0, if one of these intervals has it."""
    marked = any(auc_mark(low, high, guess=0.0) == _GUESSING for low, high in ends)
    return [f"{_GUESSING} before an excess: not above 0, which its 95 % interval holds."] if marked else []


def turned_words(highs: Iterable[float | None]) -> list[str]:
    """Explain the mark of AUCs whose intervals end below 0.5, if one of these ends does."""
    if not any(high is not None and high < 0.5 for high in highs):
        return []
    return [
        f"{_TURNED} the whole interval lies below 0.5: no privacy, but leakage with its sign turned (who calls the "
        "others members is right), or two splits that differ. Where less is better, it counts as 1 - AUC."
    ]


def plain(value: Any) -> str:
    """Write a value of an axis without needless digits, as YAML writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(plain, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _precision(row: Mapping[str, Any], varying: Collection[str]) -> list[str]:
    widths = {letter: row[axis] for axis, letter in _BIT_WIDTHS.items() if axis in varying}
    words = [f"{letter}{width}" for letter, width in widths.items() if width is not None]
    if widths and not words:
        quantised_elsewhere = any(row[axis] is not None for axis in _BIT_WIDTHS)
        words = [f"{letter}32" for letter in widths] if quantised_elsewhere else ["fp32"]
    if "threshold" in varying and row["threshold"] is not None:
        words.append(f"{'@' if 'a' in widths else 'threshold'} {plain(row['threshold'])}")
    return words
