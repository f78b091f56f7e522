"""A value with its confidence interval."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate, and the two ends of its confidence interval."""

    value: float
    low: float
    high: float
