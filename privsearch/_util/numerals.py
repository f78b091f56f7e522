"""Numbers as every view writes them: rounded once, in one way, and never a zero with a minus sign."""

from math import isnan


def fixed(value: float, digits: int = 3) -> str:
    """Write a number with so many decimals: `0.953`, `-0.012`; what is rounded to zero has no sign."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if _is_zero(text) else text


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with so many decimals and its sign: `+0.020`, `-0.012`; zero is `+0.000`."""
    text = f"{value:+.{digits}f}"
    return f"+{text[1:]}" if not isnan(value) and _is_zero(text[1:]) else text


def _is_zero(text: str) -> bool:
    return not text.strip("-0.")
