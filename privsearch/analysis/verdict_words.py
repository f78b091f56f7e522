"""What a difference of two configurations says: less or more leakage, or accuracy, in words and as a truth value."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.spec.columns import AUDIT_FRACTIONS, Column


def compared_values(quantity: str, values: Float[Array, "*m n"]) -> Float[Array, "*m n"]:
    """Return what is compared of a column's values, target by target: of an AUC and of its excess, what they leak.

    An AUC below guessing leaks as one above it. So a configuration whose mean lies below guessing counts by how far its
    targets lie below, and one whose mean lies above by how far they lie above. The mean of these is the mean's distance
    from guessing; the difference of two configurations on the same side is that of their AUCs, but for its sign below.

    Args:
        quantity: the column.
        values: `(..., n)`, of n targets.
    """
    column = Column.parse(quantity)
    if not column.is_signed:
        return values
    beyond = values - column.guess
    leakage: Array = beyond * np.where(beyond.mean(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    return leakage


def direction(quantity: str, a: float, b: float) -> str:
    """Return what B does against A, by what their means leak."""
    less, more = verdict_words(quantity)
    leaks = leaks_less(quantity, a, b)
    if leaks is not None:
        return less if leaks else more
    return "is higher" if b > a else "is lower"


def leaks_less(quantity: str, a: float, b: float) -> bool | None:
    """Tell whether B's mean leaks less than A's, or more: an AUC further below 0.5 leaks more, not less.

    None where both leak alike, such as two rates below guessing.
    """
    column = Column.parse(quantity)
    leakage_a, leakage_b = column.as_leakage(a), column.as_leakage(b)
    return None if leakage_a == leakage_b else bool(leakage_b < leakage_a)


def verdict_words(quantity: str) -> tuple[str, str]:
    """Return the words for a configuration with the lower number of two, and for one with the higher."""
    column = Column.parse(quantity)
    if column.attack is None and column.number.endswith("accuracy"):
        return "is less accurate", "is more accurate"
    if column.attack and column.number.startswith((*AUDIT_FRACTIONS, "advantage", "epsilon", "excess")):
        return "leaks less", "leaks more"
    return "is lower", "is higher"
