"""The paper's claims, each as differences between replicates that it says are above a bar.

Replicates of the same index share their subset and their seeds (see `privsearch.sweep.trial`), so configurations are
compared within replicates. Every difference is written the way round that makes the claim say "above the bar".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.paper.cells import Cell, StudyCells
from privsearch.analysis.targets import TargetNumbers
from privsearch.spec.columns import Column

MARGIN: Final = 0.01
"""The least difference in attack AUC that counts as a benefit (claim 3).

It is what matters, not what can be seen, so it does not grow where a dataset is small: there the answer is that one
cannot tell. An attacker who ranks one pair in a hundred better gains little, and the published standard deviations of
the AUC have a median of 0.011.
"""

Differences = dict[str, Float[Array, " replicates"]]

LACKING: Final = np.full(1, np.nan)
"""The numbers of a configuration that the study lacks."""

BIT_WIDTHS: Final = (8, 4, 2)


class Success(StrEnum):
    """The measure of the attack's success.

    An excess below 0 is no leak: a difference between two such excesses says how the attack's false excess changes.
    """

    PUBLISHED = "as published"
    EXCESS = "excess over placebo"


class Audit:
    """The numbers of one dataset, as an array over the replicates for each configuration.

    A configuration that the study lacks or that failed is an array of one NaN, so that its differences are NaN too; one
    that has not learnt has accuracies, and no leakage.
    """

    def __init__(self, cells: StudyCells, numbers: TargetNumbers, dataset: str, attack: str, success: Success) -> None:
        """Look at `dataset` through `attack`, whose success is `success`."""
        self._cells, self._numbers, self._dataset = cells, numbers, dataset
        self._auc, self._success = Column(attack, "auc"), success

    def auc(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the attack's AUC; if success is the excess over the placebo, 0.5 plus that excess."""
        cell = Cell(self._dataset, model, **axes)
        if self._success is Success.PUBLISHED:
            return self._over_replicates(cell, str(self._auc))
        return 0.5 + self._over_replicates(cell, str(self._auc.excess))

    def accuracy(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the test accuracy of the target."""
        return self._over_replicates(Cell(self._dataset, model, **axes), "test_accuracy")

    def thresholds(self, model: str, *bit_widths: int) -> list[float]:
        """Return the thresholds that the study asks for with each of these activation bit widths."""
        by_bit_width = [
            self._cells.axis_values(
                "threshold", dataset=self._dataset, model=model, weight_bit_width=None, act_bit_width=k
            )
            for k in bit_widths
        ]
        return sorted(set.intersection(*map(set, by_bit_width)))

    def _over_replicates(self, cell: Cell, column: str) -> Float[Array, " replicates"]:
        row = self._cells.find(cell)
        about_attack = Column.parse(column).attack is not None
        if row is None or row["status"] != "completed" or (about_attack and row["networks_at_chance"]):
            return LACKING
        return np.array([target.get(column, np.nan) for target in self._numbers[row["trial_id"]]])


@dataclass(frozen=True)
class Claim:
    """One of the paper's claims, or a part of one that can hold by itself.

    Attributes:
        number: 1 to 5 are the paper's main claims, 6 to 11 what it says of its Figures 2 and 3 beside them.
        text: what it says.
        differences: by what is compared, the differences that it says are all above `bar`.
        bar: 0, or minus the difference that does not matter.
        about_attack: whether an attack AUC is in it, so that the placebo makes a difference.
        about_reading: whether an SNN with quantised activations is in it, so that the `Reading` makes a difference.
        only: the dataset that it speaks of; None if it speaks of all.
    """

    number: int
    text: str
    differences: Callable[[Audit], Differences]
    bar: float = 0.0
    about_attack: bool = True
    about_reading: bool = False
    only: str | None = None


def quantised_weights_leak_less(audit: Audit, model: str) -> Differences:
    """Compute claim 1: the AUC in full precision, minus the AUC at each weight bit width."""
    full = audit.auc(model)
    return {f"fp32 - w{k}": full - audit.auc(model, weight_bit_width=k) for k in BIT_WIDTHS}


def quantised_activations_leak_less(audit: Audit, model: str) -> Differences:
    """Compute claim 1: the AUC in full precision, minus that at each activation bit width, averaged over thresholds."""
    full = audit.auc(model)
    return {f"fp32 - a{k}": full - mean_auc(audit, model, k, audit.thresholds(model, k)) for k in BIT_WIDTHS}


def full_precision_snn_leaks_less(audit: Audit) -> Differences:
    """Claim 2: the AUC of the ANN in full precision and at each bit width, minus that of the SNN in full.

    With quantised activations, the ANN's is the mean over the thresholds.
    """
    snn = audit.auc("snn")
    anns = {"fp32": audit.auc("ann")}
    anns |= {f"w{k}": audit.auc("ann", weight_bit_width=k) for k in BIT_WIDTHS}
    anns |= {f"a{k}": mean_auc(audit, "ann", k, audit.thresholds("ann", k)) for k in BIT_WIDTHS}
    return {f"ANN {width} - SNN fp32": ann - snn for width, ann in anns.items()}


def two_bits_beside_more(audit: Audit, model: str) -> Differences:
    """Compute claims 3 and 11: the AUC at 2 activation bits minus that at 4 and at 8, over the thresholds of both."""
    differences = {}
    for k in (4, 8):
        thresholds = audit.thresholds(model, 2, k)
        means = [mean_auc(audit, model, width, thresholds) for width in (2, k)]
        differences[f"a2 - a{k}"] = means[0] - means[1]
    return differences


def spike_rate_escape_trades_best(audit: Audit) -> Differences:
    """Claim 4: the trade-off of spike rate escape minus that of each other surrogate gradient.

    The trade-off is test accuracy x (1 - AUC): the hypervolume of this one configuration, as the Pareto front's is
    measured, from 0 (the worst) to 1. The paper puts no number to it.
    """

    def trade_off(surrogate_gradient: str) -> Float[Array, " replicates"]:
        axes = {"surrogate_gradient": surrogate_gradient}
        hypervolumes: Array = audit.accuracy("snn", **axes) * (1 - audit.auc("snn", **axes))
        return hypervolumes

    best = trade_off("spike_rate_escape")
    others = ("fast_sigmoid", "atan", "triangular", "straight_through")
    return {f"spike_rate_escape - {other}": best - trade_off(other) for other in others}


def arctangent_and_straight_through_leak_most(audit: Audit) -> Differences:
    """Claim 4: the AUC of each of the two minus that of each of the other three."""
    return {
        f"{loud} - {quiet}": audit.auc("snn", surrogate_gradient=loud) - audit.auc("snn", surrogate_gradient=quiet)
        for loud in ("atan", "straight_through")
        for quiet in ("fast_sigmoid", "spike_rate_escape", "triangular")
    }


def higher_thresholds_raise_accuracy(audit: Audit) -> Differences:
    """Claim 5: the least-squares slope of the SNN's test accuracy over the threshold, at 4 and at 8 bits.

    Its unit is accuracy per unit of threshold: the paper's thresholds, 0.5 to 1.5, are one unit apart.
    """
    return {f"slope over threshold, a{k}": slope(audit, "snn", k) for k in (4, 8)}


MAIN_CLAIMS: Final = (
    Claim(1, "Quantised weights make ANNs leak less", partial(quantised_weights_leak_less, model="ann")),
    Claim(1, "Quantised weights make SNNs leak less", partial(quantised_weights_leak_less, model="snn")),
    Claim(1, "Quantised activations make ANNs leak less", partial(quantised_activations_leak_less, model="ann")),
    Claim(
        *(1, "Quantised activations make SNNs leak less", partial(quantised_activations_leak_less, model="snn")),
        about_reading=True,
    ),
    Claim(2, "A full-precision SNN leaks less than an ANN at any bit width", full_precision_snn_leaks_less),
    Claim(
        *(3, "2-bit activations protect ANNs no better than 4 or 8 bits"),
        *(partial(two_bits_beside_more, model="ann"), -MARGIN),
    ),
    Claim(
        *(3, "2-bit activations protect SNNs no better than 4 or 8 bits"),
        *(partial(two_bits_beside_more, model="snn"), -MARGIN),
        about_reading=True,
    ),
    Claim(4, "Spike rate escape is the best trade-off", spike_rate_escape_trades_best),
    Claim(4, "Arctangent and straight-through leak most", arctangent_and_straight_through_leak_most),
    Claim(
        *(5, "Higher thresholds make 4- and 8-bit SNNs more accurate", higher_thresholds_raise_accuracy),
        about_attack=False,
        about_reading=True,
    ),
)
"""The paper's main claims in its order; one about both models, or about two things, stands once for each."""


def mean_over(arrays: Sequence[Float[Array, " replicates"]]) -> Float[Array, " replicates"]:
    """Return the mean of several configurations or datasets for each replicate; NaN if one is, or without any."""
    means: Array = np.mean(np.broadcast_arrays(*arrays), axis=0) if arrays else LACKING
    return means


def mean_auc(audit: Audit, model: str, act_bit_width: int, thresholds: Sequence[float]) -> Float[Array, " replicates"]:
    """Return the mean of the AUC over thresholds; NaN if there is none."""
    return mean_over([audit.auc(model, act_bit_width=act_bit_width, threshold=t) for t in thresholds])


def slope(audit: Audit, model: str, act_bit_width: int) -> Float[Array, " replicates"]:
    """Return the least-squares slope of test accuracy over the threshold; NaN with fewer than two thresholds."""
    thresholds = np.array(audit.thresholds(model, act_bit_width))
    if len(thresholds) < 2:
        return LACKING
    weights = thresholds - thresholds.mean()
    weights /= (weights**2).sum()
    accuracies = [audit.accuracy(model, act_bit_width=act_bit_width, threshold=t) for t in thresholds.tolist()]
    slopes: Array = weights @ np.stack(np.broadcast_arrays(*accuracies))
    return slopes
