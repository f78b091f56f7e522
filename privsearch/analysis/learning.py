"""Which networks have learnt: one that cannot classify its own training data has nothing to leak, and is not private.

A network has learnt if it classifies its training set better than naming the most frequent class every time would:
significantly so, by a one-sided binomial test at 5 %, or without a single error, which few examples or uneven classes
may keep from being significant. A network that gives one class to everybody never has. A trial has learnt if all of its
networks have; one that has not is on no front and in no audit, and is no side of a verdict. What an attack finds on it
all the same, beyond chance, is told.

A network is dead if it gives all examples the same outputs. It has not learnt either, and no attack can be run on it.
So a trial is one of three, and is counted once: dead, if one of its networks is; not learnt, if none is, but one of
them has not learnt; else learnt.

A quantised network may also have learnt, and far less than in full precision. That is told, and no more: less leakage
is then less learning, which a shorter training might give as well.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

import pandas as pd
from scipy.special import bdtrc

from privsearch.spec.axes import ACTIVATION_DEFAULTS, AXES
from privsearch.spec.columns import Column
from privsearch.study.result import Completed, Replicate, TrainedNetwork

ALPHA: Final = 0.05
"""The significance level of having learnt: a network that guesses passes in one case of 20."""

FAR_BELOW: Final = 0.1
"""The difference in training accuracy from full precision from which on a network has learnt far less.

It is five times the 0.02 that quantisation to 8 and 4 bits may cost where it works (docs/paper.md).
"""

BIT_WIDTHS: Final = ("weight_bit_width", "act_bit_width")


Learning = Literal["dead", "not learnt", "learnt"]
"""What a completed trial is counted as."""


def learning_of(result: Completed) -> Learning:
    """Tell what a trial is counted as; what is not known of an earlier record is not held against it."""
    return _learning(len(result.dead or ()), networks_at_chance(result) or 0)


def learning(frame: pd.DataFrame) -> "pd.Series[str]":
    """Tell what each row of a results table is counted as; one without numbers, which has failed, as learnt."""
    dead, at_chance = (frame[header].fillna(0) for header in ("dead_networks", "networks_at_chance"))
    return pd.Series(map(_learning, dead, at_chance), frame.index, dtype=object)


def _learning(dead: int, at_chance: int) -> Learning:
    return "dead" if dead else "not learnt" if at_chance else "learnt"


def not_learnt_alive(result: Completed) -> int:
    """Count the networks of a trial that have not learnt, without the dead ones, which have not learnt either."""
    return max((networks_at_chance(result) or 0) - len(result.dead or ()), 0)


def networks_at_chance(result: Completed) -> int | None:
    """Count the targets and shadows of a trial that have not learnt; None if that is not known.

    A shadow is judged by the training set of its target, of which it has a part.
    """
    counts = [_at_chance(replicate) for replicate in result.replicates]
    return None if None in counts else sum(count or 0 for count in counts)


def _at_chance(replicate: Replicate) -> int | None:
    share, size = majority(replicate)
    if share is None or size is None:
        return None
    networks = [network for network in (replicate.target, replicate.shadow) if network]
    return sum(not has_learnt(network, share, size) for network in networks)


def majority(replicate: Replicate) -> tuple[float | None, int | None]:
    """Return the share of the most frequent class in a target's training set, and the number of its examples.

    An earlier record has neither: then the classes and the members that the attacks saw stand for them, and the share
    is that of classes of one size, which is the least it can be. Without an attack nothing is known.
    """
    if replicate.majority_share is not None:
        return replicate.majority_share, replicate.train_size
    attack = next(iter(replicate.attacks.values()), None)
    if attack is None or not attack.by_class:
        return None, None
    return 1 / len(attack.by_class), attack.num_members


def has_learnt(network: TrainedNetwork, share: float, size: int) -> bool:
    """Tell whether a network classifies its training set better than the most frequent class would (see above).

    Args:
        network: the network.
        share: the share of the most frequent class, a fraction.
        size: the number of its training examples.
    """
    right = round(network.train_accuracy * size)
    if right == size:
        return share < 1
    # The tail of the binomial distribution; `scipy.stats.binomtest` takes a hundred times as long.
    return right > 0 and bool(bdtrc(right - 1, size, min(share, 1.0)) < ALPHA)


def learnt_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a results table whose networks have all learnt, as far as is known."""
    return frame[learning(frame) == "learnt"]


def not_learnt_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a results table with a network that has not learnt, but none that is dead."""
    return frame[learning(frame) == "not learnt"]


def leakage_of_learnt(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a results table without the numbers of attacks in the rows that have not learnt."""
    idle = ~frame.index.isin(learnt_rows(frame).index)
    attacked = [header for header in frame.columns if Column.parse(str(header)).attack is not None]
    if not idle.any():
        return frame
    # The copy joins what the replacing of columns has left in as many pieces.
    return frame.assign(**{header: frame[header].mask(idle) for header in attacked}).copy()


def far_below_full_precision(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of quantised networks that have learnt, but far less than the same networks in full precision.

    Args:
        frame: rows of the results table.

    Returns:
        These rows, with the mean training accuracy in full precision as `full_precision_train_accuracy`.
    """
    rows = learnt_rows(frame[frame["status"] == "completed"])
    keyed = [*_keyed(rows)]
    full = {key: accuracy for key, accuracy, is_full in keyed if is_full}
    siblings = [None if is_full else full.get(key) for key, _, is_full in keyed]
    told = rows.assign(full_precision_train_accuracy=pd.array(siblings, dtype="Float64"))
    gap = told["full_precision_train_accuracy"] - told["train_accuracy"]
    return told[(gap > FAR_BELOW).fillna(value=False)]


def _keyed(rows: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], float, bool]]:
    """Yield what a row shares with its sibling in full precision, its training accuracy, and whether it is that one."""
    shared = ["dataset", "protocol", "seed", *(a for a in AXES if a not in {*BIT_WIDTHS, *ACTIVATION_DEFAULTS})]
    values = rows[shared].to_numpy(object)
    values[pd.isna(values)] = None
    is_full = rows[list(BIT_WIDTHS)].isna().all(axis=1)
    yield from zip(map(tuple, values), rows["train_accuracy"], is_full, strict=True)
