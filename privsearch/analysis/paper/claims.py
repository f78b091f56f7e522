"""The paper's claims, each as differences between replicates that it says are above a bar.

Replicates of the same index share their subset and their seeds (see `privsearch.sweep.trial`), so configurations are
compared within replicates. Every difference is written the way round that makes the claim say "above the bar".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.paper.audits import LACKING, Audit

ALL: Final = "all"
"""The dataset of a verdict on the mean over all datasets, each replicate's for itself."""

Differences = dict[str, Float[Array, " replicates"]]

Quantity = Literal["attack AUC", "test accuracy", "test accuracy x (1 - AUC)"]

BIT_WIDTHS: Final = (8, 4, 2)

SURROGATE_GRADIENTS: Final = ("fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One of the paper's claims, or a part of one that can hold by itself.

    Attributes:
        number: 1 to 5 are the paper's main claims, 6 to 11 those on Figures 2 and 3, 12 to 23 those on its tables.
        text: what it says, in short.
        section: the section of the paper that says it.
        quote: the paper's words.
        differences: by what is compared, the differences that it says are all above `bar`.
        quantity: what they are differences of.
        bar: 0, or minus the difference that does not matter.
        is_equivalence: whether both signs of each difference are among the differences, so that all above the bar means
            that nothing differs by more than it: two one-sided tests.
        about_reading: whether an SNN with quantised activations is in it, so that the `Reading` makes a difference.
        only: the dataset that it speaks of; None if it speaks of all.
        of_most: whether it speaks of most datasets ("often", "in most cases") in place of every one.
    """

    number: int
    text: str
    section: str
    quote: str
    differences: Callable[[Audit], Differences]
    quantity: Quantity = "attack AUC"
    bar: float = 0.0
    is_equivalence: bool = False
    about_reading: bool = False
    only: str | None = None
    of_most: bool = False

    @property
    def about_attack(self) -> bool:
        """Whether an attack's AUC is in it, so that the placebo makes a difference."""
        return self.quantity != "test accuracy"

    def by_dataset(self, audit: Callable[[str], Audit], datasets: Sequence[str]) -> dict[str, Differences]:
        """Compute the differences on each of the datasets that the claim speaks of.

        Where it speaks of every one and there are several, their mean is added as that of `ALL`; a difference that one
        of them lacks is lacking there.

        Args:
            audit: the numbers of each dataset, by its name.
            datasets: the names.
        """
        found = {dataset: self.differences(audit(dataset)) for dataset in datasets if self.only in (None, dataset)}
        if len(found) > 1 and not self.of_most:
            pairs = list(found.values())
            found[ALL] = {what: mean_over([differences[what] for differences in pairs]) for what in pairs[0]}
        return found


def quantised_weights_leak_less(audit: Audit, model: str) -> Differences:
    """Compute claim 1: the AUC in full precision, minus the AUC at each weight bit width."""
    full = audit.auc(model)
    return {f"fp32 - w{k}": full - audit.auc(model, weight_bit_width=k) for k in BIT_WIDTHS}


def quantised_activations_leak_less(audit: Audit, model: str) -> Differences:
    """Compute claim 1: the AUC in full precision, minus that at each activation bit width, averaged over thresholds."""
    full = audit.auc(model)
    return {f"fp32 - a{k}": full - mean_auc(audit, model, k, audit.thresholds(model, k)) for k in BIT_WIDTHS}


def full_precision_snn_leaks_less(audit: Audit) -> Differences:
    """Compute claim 2: the AUC of the ANN at each bit width, minus that of the SNN in full precision.

    With quantised activations, the ANN's is the mean over the thresholds.
    """
    snn = audit.auc("snn")
    anns = {f"w{k}": audit.auc("ann", weight_bit_width=k) for k in BIT_WIDTHS}
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
    """Compute claim 4: the trade-off of spike rate escape minus that of each other surrogate gradient.

    The trade-off is test accuracy x (1 - AUC): the hypervolume of this one configuration, as the Pareto front's is
    measured, from 0 (the worst) to 1. The paper puts no number to it.
    """

    def trade_off(surrogate_gradient: str) -> Float[Array, " replicates"]:
        axes = {"surrogate_gradient": surrogate_gradient}
        hypervolumes: Array = audit.accuracy("snn", **axes) * (1 - audit.auc("snn", **axes))
        return hypervolumes

    return first_minus_others("spike_rate_escape", trade_off)


def arctangent_leaks_most(audit: Audit) -> Differences:
    """Compute claim 4: the AUC of arctangent minus that of each other surrogate gradient."""
    return first_minus_others("atan", lambda name: audit.auc("snn", surrogate_gradient=name))


def straight_through_leaks_much(audit: Audit) -> Differences:
    """Compute claim 4: the AUC of straight-through minus that of the three that the paper does not call vulnerable."""
    ours = audit.auc("snn", surrogate_gradient="straight_through")
    return {
        f"straight_through - {other}": ours - audit.auc("snn", surrogate_gradient=other)
        for other in ("fast_sigmoid", "spike_rate_escape", "triangular")
    }


def higher_thresholds_raise_accuracy(audit: Audit) -> Differences:
    """Compute claim 5: the least-squares slope of the SNN's test accuracy over the threshold, at 4 and at 8 bits.

    Its unit is accuracy per unit of threshold: the paper's thresholds, 0.5 to 1.5, are one unit apart.
    """
    return {f"slope over threshold, a{k}": slope(audit, "snn", k) for k in (4, 8)}


MAIN_CLAIMS: Final = (
    Claim(
        number=1,
        text="Quantised weights make ANNs leak less",
        section="V-B",
        quote="Weight quantization consistently reduces MIA vulnerability in ANNs ... across all datasets",
        differences=partial(quantised_weights_leak_less, model="ann"),
    ),
    Claim(
        number=1,
        text="Quantised weights make SNNs leak less",
        section="V-B",
        quote="In SNNs, weight quantization reliably lowers MIA vulnerability across all datasets",
        differences=partial(quantised_weights_leak_less, model="snn"),
    ),
    Claim(
        number=1,
        text="Quantised activations make ANNs leak less",
        section="V-A",
        quote="2-bit, 4-bit, and 8-bit precision all exhibit lower vulnerability than the full-precision model",
        differences=partial(quantised_activations_leak_less, model="ann"),
    ),
    Claim(
        number=1,
        text="Quantised activations make SNNs leak less",
        section="V-A",
        quote="activation quantization minimizes attack vulnerability compared to full precision across all datasets",
        differences=partial(quantised_activations_leak_less, model="snn"),
        about_reading=True,
    ),
    Claim(
        number=2,
        text="A full-precision SNN leaks less than a quantised ANN at any bit width",
        section="VI",
        quote="even full-precision SNNs exhibit lower vulnerability than quantized ANNs at any bit width",
        differences=full_precision_snn_leaks_less,
    ),
    Claim(
        number=3,
        text="2-bit activations leak most among quantised ANNs",
        section="V-A",
        quote="2-bit quantized model is the most vulnerable across all datasets",
        differences=partial(two_bits_beside_more, model="ann"),
    ),
    Claim(
        number=4,
        text="Spike rate escape is the best trade-off",
        section="V-C",
        quote="Spike Rate Escape offers the best trade-off",
        differences=spike_rate_escape_trades_best,
        quantity="test accuracy x (1 - AUC)",
    ),
    Claim(
        number=4,
        text="Arctangent often leaks most",
        section="V-C",
        quote="arctangent often demonstrates the highest vulnerability",
        differences=arctangent_leaks_most,
        of_most=True,
    ),
    Claim(
        number=4,
        text="Straight-through leaks much on complex datasets: CIFAR-10",
        section="V-C",
        quote="also exhibits high vulnerability in complex datasets, such as CIFAR-10",
        differences=straight_through_leaks_much,
        only="cifar10",
    ),
    Claim(
        number=5,
        text="Higher thresholds make 4- and 8-bit SNNs more accurate",
        section="V-A",
        quote="higher thresholds consistently improve accuracy across all datasets",
        differences=higher_thresholds_raise_accuracy,
        quantity="test accuracy",
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


def mean_accuracy(
    audit: Audit, model: str, act_bit_width: int, thresholds: Sequence[float]
) -> Float[Array, " replicates"]:
    """Return the mean of the test accuracy over thresholds; NaN if there is none."""
    return mean_over([audit.accuracy(model, act_bit_width=act_bit_width, threshold=t) for t in thresholds])


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


def first_minus_others(first: str, of: Callable[[str], Float[Array, " replicates"]]) -> Differences:
    """Return the number of one surrogate gradient minus that of each other."""
    ours = of(first)
    return {f"{first} - {other}": ours - of(other) for other in SURROGATE_GRADIENTS if other != first}


def each_minus_each(numbers: dict[str, Float[Array, " replicates"]]) -> Differences:
    """Return the differences of all pairs, either way round, as a test of equivalence needs them."""
    return {f"{a} - {b}": numbers[a] - numbers[b] for a in numbers for b in numbers if a != b}
