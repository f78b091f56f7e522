"""What a difference of two means says: less or more leakage, or accuracy, in words and as a truth value."""

from privsearch.spec.columns import AUDIT_FRACTIONS, Column


def direction(quantity: str, a: float, b: float) -> str:
    """Return what B does against A, by what their means leak."""
    less, more = verdict_words(quantity)
    leaks = leaks_less(quantity, a, b)
    if leaks is not None:
        return less if leaks else more
    return "is higher" if b > a else "is lower"


def leaks_less(quantity: str, a: float, b: float) -> bool | None:
    """Tell whether B's mean leaks less than A's, or more: an AUC further below 0.5 leaks more, not less.

    Of numbers on both sides of guessing, the lower is said to leak less only if it is no further from guessing. None
    where neither can be said.
    """
    column = Column.parse(quantity)
    leakage_a, leakage_b = column.as_leakage(a), column.as_leakage(b)
    if leakage_a != leakage_b and ((leakage_b > leakage_a) == (b > a) or max(a, b) < (column.guess or 0.0)):
        return bool(leakage_b < leakage_a)
    return None


def verdict_words(quantity: str) -> tuple[str, str]:
    """Return the words for a configuration with the lower number of two, and for one with the higher."""
    column = Column.parse(quantity)
    if column.attack is None and column.number.endswith("accuracy"):
        return "is less accurate", "is more accurate"
    if column.attack and column.number.startswith((*AUDIT_FRACTIONS, "advantage", "epsilon", "excess")):
        return "leaks less", "leaks more"
    return "is lower", "is higher"
