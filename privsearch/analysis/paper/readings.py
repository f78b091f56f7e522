"""The readings of the paper's quantised spiking networks that a study has, and the one that a figure shows.

The paper leaves open how the membranes of spiking networks are quantised, so that several configurations of a study may
each be the one that it means.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pandas as pd

from privsearch.analysis.frames import records
from privsearch.analysis.labels import plain
from privsearch.spec.axes import DEFAULT_THRESHOLD, STATE_DEFAULTS

NO_READING: Final = "-"
"""The name in place of a reading's where no reading has an effect."""


@dataclass(frozen=True)
class Reading:
    """A way to quantise the membranes of spiking networks.

    Attributes:
        values: the values of `STATE_DEFAULTS`, in its order.
    """

    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """What differs from the defaults, such as `quantize_readout true`, or `default`."""
        differing = [
            f"{axis} {plain(value)}"
            for (axis, default), value in zip(STATE_DEFAULTS.items(), self.values, strict=True)
            if value != default
        ]
        return ", ".join(differing) or DEFAULT_NAME


DEFAULT_NAME: Final = "default"
DEFAULT_READING: Final = Reading(tuple(STATE_DEFAULTS.values()))


class ShownRows(NamedTuple):
    """The rows of a results table with one reading.

    Attributes:
        rows: those of the reading, and those that no reading has an effect on.
        note: a sentence that names the reading; empty if the study has no other than the default.
    """

    rows: pd.DataFrame
    note: str


def readings(frame: pd.DataFrame) -> tuple[Reading, ...]:
    """Return the distinct readings in a results table, the default first, the others in the table's order.

    At a threshold of 1 it makes no difference what the threshold sets. A row there belongs to every reading that
    differs in that alone, and is a reading of its own only if there is no such one.
    """
    by_row = _by_row(frame)
    found = dict.fromkeys(reading for reading, is_shared in by_row if reading and not is_shared)
    alone = [own for own, _ in by_row if own and not any(_differ_in_what_is_set(own, other) for other in found)]
    return tuple(sorted(dict.fromkeys([*found, *alone]), key=lambda reading: reading != DEFAULT_READING))


def rows_under(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return the rows of a reading, and those that no reading, or no difference to it, has an effect on."""
    return frame[
        [
            own in (None, reading) or (is_shared and _differ_in_what_is_set(own, reading))
            for own, is_shared in _by_row(frame)
        ]
    ]


def shown_rows(frame: pd.DataFrame) -> ShownRows:
    """Choose the reading to show where there is room for one: the default, or else the first that the table has."""
    there = readings(frame)
    if not there or there == (DEFAULT_READING,):
        return ShownRows(frame, "")
    others = f", one of {len(there)} readings of the paper" if len(there) > 1 else ""
    note = f"Membranes of SNNs with quantised activations: {there[0].name}{others}."
    return ShownRows(rows_under(frame, there[0]), note)


def _by_row(frame: pd.DataFrame) -> list[tuple[Reading | None, bool]]:
    """Return the reading of each row, None where none has an effect, and whether what the threshold sets has none."""
    states = records(frame.reindex(columns=["model", "threshold", *STATE_DEFAULTS]))
    return [(_reading(state), state["threshold"] == DEFAULT_THRESHOLD) for state in states]


def _reading(state: dict[str, Any]) -> Reading | None:
    values = tuple(state[axis] for axis in STATE_DEFAULTS)
    return None if state["model"] != "snn" or None in values else Reading(values)


def _differ_in_what_is_set(one: Reading, other: Reading) -> bool:
    """Tell whether two readings are equal but for what the threshold sets, which may be equal too."""
    pairs = zip(STATE_DEFAULTS, one.values, other.values, strict=True)
    return all(a == b for axis, a, b in pairs if axis != "threshold_sets")
