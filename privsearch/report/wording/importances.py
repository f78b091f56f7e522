"""Importances in words."""

from privsearch.analysis.importances import FRONT
from privsearch.analysis.labels import quantity


def goal(objective: str) -> str:
    """Return in words the objective, or the front, that axes are important for."""
    return "reaching the front" if objective == FRONT else quantity(objective)
