"""A race for networks in words: how it stands, and who is out."""

from collections.abc import Collection, Iterator
from typing import Final

from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration
from privsearch.analysis.races import Ended, Place
from privsearch.analysis.tasks import Task

ENDED: Final[dict[Ended, str]] = {
    "decided": "nothing is open any more",
    "all networks": "what is open has all the networks that it may have",
    "budget": "its networks, or its minutes, are spent",
}
"""Why a race ended."""

_MOST_NAMED: Final = 6
_WHY_OUT: Final = {
    "beaten": ("another one would beat it", "others would beat them"),
    "infeasible": ("it would break a constraint", "they would break a constraint"),
}


def race_words(task: Task) -> Iterator[str]:
    """Yield sentences on the race of a task for networks; nothing without one."""
    if task.race is None:
        return
    places = task.race.places
    staying = [place for place in places.values() if not place.is_out and place.verdict != "unfit"]
    still = sum(place.verdict == "open" for place in staying)
    why = f"ended, as {ENDED[task.race.ended]}" if task.race.ended else "still running"
    yield (
        f"Race for networks, {why}: {len(staying)} of {len(places)} configurations are in it, with {_counts(staying)}; "
        f"{still} of them open."
    )
    for verdict, reason in _WHY_OUT.items():
        out = {trial_id: place for trial_id, place in places.items() if place.verdict == verdict}
        if out:
            are, why = ("is", reason[0]) if len(out) == 1 else ("are", reason[1])
            counts = _counts(out.values())
            yield f"{len(out)} {are} out, with {counts}, as by all networks {why}: {_named(task, out)}."


def _counts(places: Collection[Place]) -> str:
    """Return how many targets configurations have, such as `4 to 16 targets each`."""
    counts = sorted({place.count for place in places})
    if not counts:
        return "no target"
    return f"{counts[0]}{f' to {counts[-1]}' if len(counts) > 1 else ''} targets each"


def _named(task: Task, trial_ids: Collection[str]) -> str:
    rows = task.rows[task.rows["trial_id"].isin(trial_ids)]
    shown = [configuration(row, task.varying) for row in records(rows.head(_MOST_NAMED))]
    more = len(rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
