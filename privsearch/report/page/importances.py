"""Which axes of the configurations matter, for each objective and for being on the front."""

from typing import TypedDict

from privsearch.front import Contest


class Importances(TypedDict):
    """What the section shows of one contest.

    Attributes:
        title: the contest's.
        bars: one for each objective and axis, with its interval and what chance gives.
        missing: why there are none; empty where there are.
    """

    title: str
    bars: list[dict[str, str | float | None]]
    missing: str


def importances_section(contest: Contest) -> Importances:
    """The importances of one contest."""
    return {"title": contest.title, "bars": [], "missing": "not computed by this version"}
