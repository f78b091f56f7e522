"""The types of recorded fields, which hold even if a stranger wrote the record."""

import math
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from privsearch._util.interval import Interval
from privsearch._util.text import printable
from privsearch.spec.bounds import ROUNDING

UNKNOWN_ENVIRONMENT: Final = "unknown"
"""The environment of results that were recorded without one."""


def _finite(interval: Interval) -> Interval:
    if not all(map(math.isfinite, (interval.value, interval.low, interval.high))):
        raise ValueError(f"an interval must be finite, but is {interval}")
    if interval.low > interval.high:
        raise ValueError(f"an interval must not end before it begins, but is {interval}")
    return interval


def _between(least: float, most: float) -> AfterValidator:
    """Return the validator of intervals whose value and ends are all between two numbers, up to rounding."""

    def check(interval: Interval) -> Interval:
        if not all(least - ROUNDING <= n <= most + ROUNDING for n in (interval.value, interval.low, interval.high)):
            raise ValueError(f"an interval must lie between {least:g} and {most:g}, but is {interval}")
        return interval

    return AfterValidator(check)


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,199}$")]
"""A part of columns' and files' names that is no path, markup or formula, even if a stranger wrote the record."""

Text = Annotated[str, AfterValidator(printable)]
"""Text to show, with nothing that a terminal would obey, even if a stranger wrote the record."""

Environment = Annotated[
    str,
    Field(pattern=r"^(unknown|[A-Za-z0-9][\w.-]* [\w.+! -]+(, [A-Za-z0-9][\w.-]* [\w.+!-]+)* on .*)$"),
    AfterValidator(printable),
]
"""Versions and a processor as `name version, name version on processor`, or `unknown`."""

FractionInterval = Annotated[Interval, AfterValidator(_finite), _between(0, 1)]
"""A fraction, such as an AUC or a rate, with its interval."""

DifferenceInterval = Annotated[Interval, AfterValidator(_finite), _between(-1, 1)]
"""The difference of two fractions, such as an advantage, with its interval."""
