"""Importances in words."""

from privsearch.analysis.importances import FRONT
from privsearch.analysis.labels import quantity


def goal(objective: str) -> str:
    """What an axis is important for, in words."""
    return "reaching the front" if objective == FRONT else quantity(objective)
