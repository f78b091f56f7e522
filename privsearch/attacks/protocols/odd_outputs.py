"""Examples whose outputs lie far out of those of all others, so that they decide what an attack sees of these."""

from typing import Final

import numpy as np

from privsearch._util.odd_values import odd_values
from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.signals import Signals

_MOST: Final = 20
"""The examples that are named, those that lie farthest out."""


def find_odd_outputs(signals: Signals) -> tuple[OddOutputs, ...]:
    """Find the examples for which some network's outputs lie far out of all others, the farthest one first.

    One of them is enough to set the width of a kernel that is taken from the variance, and with it what the SVM sees of
    all other examples.

    Args:
        signals: the networks' outputs, of which those on the examples as they are count.
    """
    far: dict[int, tuple[set[str], set[int], float]] = {}
    for (readout, queries), outputs in signals.outputs.items():
        if queries != "plain" or readout == "mem_trajectory":
            continue
        for network, values in enumerate(outputs[:, 0]):
            is_odd, distance = odd_values(values)
            for example in np.flatnonzero(is_odd.any(axis=1)).tolist():
                readouts, networks, farthest = far.setdefault(example, (set(), set(), 0.0))
                readouts.add(readout)
                networks.add(network)
                far[example] = readouts, networks, max(farthest, float(distance[example].max()))
    # Where targets have splits of their own, one's test split is trained on by another.
    one_split = not signals.is_member[:, signals.num_train :].any()
    found = [
        OddOutputs(
            row=int(signals.rows[example]),
            in_test_split=example >= signals.num_train if one_split else None,
            readouts=tuple(sorted(readouts)),
            networks=len(networks),
            distance=farthest,
        )
        for example, (readouts, networks, farthest) in far.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.distance)[:_MOST])
