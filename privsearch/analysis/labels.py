"""Configurations, columns and numbers in the words that tables and plots share."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from privsearch._util.numerals import fixed, signed
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

_THOUSAND: Final = 1000

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
    """Name a result column: `test accuracy`, `svm AUC`, `lira TPR at FPR 1e-2`, `flat energy (nJ)`."""
    parsed = Column.parse(column)
    words = parsed.number.replace("_", " ")
    if parsed.attack is None:
        return _cost_words(words)
    for abbreviation in ("auc", "tpr", "fpr"):
        words = words.replace(abbreviation, abbreviation.upper())
    return f"{parsed.attack} {words}"


def _cost_words(words: str) -> str:
    """Name a number of no attack, energies with their unit."""
    if words.startswith("energy."):
        table, _, rest = words.removeprefix("energy.").partition(" ")
        return f"{table} energy{' ' * bool(rest)}{rest} (nJ)"
    first, _, rest = words.partition(" ")
    return " ".join(filter(None, [{"macs": "MACs", "acs": "ACs"}.get(first, first), rest]))


def written(column: str, value: float, digits: int = 3) -> str:
    """Write a value of a result column: a fraction with so many decimals, what an example costs with four digits.

    An excess over a placebo, which is a difference, has its sign. A standard deviation or an end of an interval is
    written as the column that it belongs to.
    """
    parsed = Column.parse(column)
    if not parsed.is_amount:
        return signed(value, digits) if parsed.is_excess else fixed(value, digits)
    return f"{value:,.0f}" if abs(value) >= _THOUSAND else f"{value:.4g}"


def measured(row: Mapping[str, Any], column: str, digits: int = 3) -> str:
    """Write a mean with its standard deviation over the targets, `0.953 ± 0.012`; the mean alone with one target."""
    header = Column.parse(column).sd
    mean, spread = written(column, row[column], digits), row.get(str(header))
    if spread is None:
        return mean
    return f"{mean} ± {written(column, spread, digits) if header.is_amount else fixed(spread, digits)}"


def interval(row: Mapping[str, Any], column: str) -> str:
    """Write the 95 % interval of a fraction without leading zeros, `[.580, .644]`; empty if the table has none."""
    parsed = Column.parse(column)
    ends = [row.get(str(end)) for end in (parsed.low, parsed.high)]
    known = [end for end in ends if end is not None]
    return f"[{', '.join(_without_zero(fixed(end)) for end in known)}]" if len(known) == 2 else ""


def _without_zero(number: str) -> str:
    """Leave out the zero before the decimal point."""
    return re.sub(r"^(-?)0\.", r"\1.", number)


def guess_mark(row: Mapping[str, Any], column: str) -> str:
    """Return the mark of an AUC, or of an excess over a placebo, by the interval that the row has; else nothing."""
    parsed = Column.parse(column)
    if parsed.number != "auc" and not parsed.is_excess:
        return ""
    guess = 0.0 if parsed.is_excess else 0.5
    return auc_mark(row.get(str(parsed.low)), row.get(str(parsed.high)), guess)


def matched_and_placebo(placebo: float, excess: float) -> tuple[float, float]:
    """Return a number with as many members as its placebo has, and that placebo, so that they give the excess.

    They are rounded to three digits, in such a way that the first less the second is the excess as it is written.
    """
    below, beyond = round(placebo, 3), round(excess, 3)
    return round(below + beyond, 3), below


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
    return [f"{_GUESSING} not shown to be above guessing: the 95 % interval contains 0.5."] if marked else []


def guessing_excess_words(ends: Iterable[tuple[float | None, float | None]]) -> list[str]:
    """Explain the marks of excesses over a placebo, as far as one of these intervals has them."""
    marks = {auc_mark(low, high, guess=0.0) for low, high in ends}
    meanings = {
        _GUESSING: "not shown to be above 0, as its 95 % interval contains 0.",
        _TURNED: "its whole 95 % interval lies below 0: the placebo finds more than the attack.",
    }
    return [f"{mark} before an excess: {meaning}" for mark, meaning in meanings.items() if mark in marks]


def guessing_note(row: Mapping[str, Any], column: str) -> str:
    """Say in words what the mark of a number says; empty for one without a mark."""
    level = "0" if Column.parse(column).is_excess else "what guessing gives"
    notes = {_GUESSING: f"not shown to be above {level}", _TURNED: f"below {level}"}
    return notes.get(guess_mark(row, column), "")


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
