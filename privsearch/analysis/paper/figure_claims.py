"""The paper's statements of its Figures 2 and 3, as further claims beside the main ones.

The figures draw test accuracy and attack AUC against the threshold of quantised activations, 0.5 to 1.5. Section V-A
puts no numbers to them, so what is small, near, flat or alike has a margin here.
"""

from functools import partial
from typing import Final

from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.paper.claims import (
    BIT_WIDTHS,
    LACKING,
    Audit,
    Claim,
    Differences,
    mean_auc,
    mean_over,
    slope,
    two_bits_beside_more,
)

SMALL_DROP: Final = 0.06
"""The largest loss of test accuracy that is a small one (claim 6).

The paper calls the losses by quantisation minor, and 8 and 4 bits practical. The largest loss at these widths in its
Table II is 0.0607, that of an SNN with 4-bit weights on CIFAR-10. Iris is left aside: two of the 30 examples of its
test split are a loss of 0.067.
"""

FLAT: Final = 0.02
"""The largest change of accuracy, over one unit of threshold, that is none (claim 7), and the largest loss that is near
full precision (claim 8).

The paper's thresholds are one unit apart, so it is a change over the whole width of Figure 2: a third of a small drop.
"""

ALIKE: Final = 0.02
"""The largest difference in attack AUC between networks that leak alike (claim 10).

The paper calls the AUCs of SNNs with weights of 8, 4 and 2 bits similar too, and those in its Table II are up to 0.0155
apart.
"""


def quantised_activations_cost_little(audit: Audit, model: str) -> Differences:
    """Compute claim 6: the accuracy at each activation bit width, over all thresholds, minus that in full precision."""
    full = audit.accuracy(model)
    return {f"a{k} - fp32": _mean_accuracy(audit, model, k) - full for k in BIT_WIDTHS}


def accuracy_is_flat(audit: Audit) -> Differences:
    """Compute claim 7: the slope of the ANN's accuracy over the threshold at each bit width, and minus the slope.

    Both are above `-FLAT` where the slope is neither a rise nor a fall that matters: two one-sided tests.
    """
    differences: Differences = {}
    for k in BIT_WIDTHS:
        rise = slope(audit, "ann", k)
        differences |= {f"slope over threshold, a{k}": rise, f"minus slope over threshold, a{k}": -rise}
    return differences


def two_bits_start_near_full_precision(audit: Audit) -> Differences:
    """Compute claim 8: the SNN's accuracy at 2 bits and the lowest threshold, minus that in full precision."""
    thresholds = audit.thresholds("snn", 2)
    lowest = _accuracy_at(audit, thresholds[0]) if thresholds else LACKING
    return {"a2 at the lowest threshold - fp32": lowest - audit.accuracy("snn")}


def two_bits_fall_with_the_threshold(audit: Audit) -> Differences:
    """Compute claim 8: minus the slope of the SNN's accuracy over the threshold at 2 bits."""
    return {"minus slope over threshold, a2": -slope(audit, "snn", 2)}


def two_bits_gain_then_lose(audit: Audit) -> Differences:
    """Compute claim 9: the SNN's accuracy at 2 bits and the middle threshold, minus that at the lowest and the highest.

    Of an even number of thresholds, the upper of the two in the middle counts; fewer than three have no middle.
    """
    thresholds = audit.thresholds("snn", 2)
    places = (thresholds[0], thresholds[len(thresholds) // 2], thresholds[-1]) if len(thresholds) > 2 else ()
    low, middle, high = (_accuracy_at(audit, t) for t in places) if places else (LACKING, LACKING, LACKING)
    return {"a2, middle - lowest threshold": middle - low, "a2, middle - highest threshold": middle - high}


def bit_widths_leak_alike(audit: Audit) -> Differences:
    """Compute claim 10: the SNN's AUC at each bit width minus that at each other, over the thresholds that all have."""
    thresholds = audit.thresholds("snn", *BIT_WIDTHS)
    means = {k: mean_auc(audit, "snn", k, thresholds) for k in BIT_WIDTHS}
    return {f"a{k} - a{other}": means[k] - means[other] for k in means for other in means if k != other}


FIGURE_CLAIMS: Final = (
    Claim(
        *(6, "Quantised activations cost ANNs little accuracy"),
        *(partial(quantised_activations_cost_little, model="ann"), -SMALL_DROP),
        about_attack=False,
    ),
    Claim(
        *(6, "Quantised activations cost SNNs little accuracy"),
        *(partial(quantised_activations_cost_little, model="snn"), -SMALL_DROP),
        about_attack=False,
        about_reading=True,
    ),
    Claim(
        *(7, "Accuracy of quantised ANNs is flat over the thresholds", accuracy_is_flat, -FLAT),
        about_attack=False,
    ),
    Claim(
        *(8, "2-bit SNNs on Breast Cancer start near full precision", two_bits_start_near_full_precision, -FLAT),
        about_attack=False,
        about_reading=True,
        only="breast_cancer",
    ),
    Claim(
        *(8, "2-bit SNNs on Breast Cancer fall as the threshold rises", two_bits_fall_with_the_threshold),
        about_attack=False,
        about_reading=True,
        only="breast_cancer",
    ),
    Claim(
        *(9, "2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose", two_bits_gain_then_lose),
        about_attack=False,
        about_reading=True,
        only="cifar10",
    ),
    Claim(
        *(10, "2, 4 and 8 bits of activation leak alike in SNNs", bit_widths_leak_alike, -ALIKE),
        about_reading=True,
    ),
    Claim(11, "2-bit activations leak most among ANNs", partial(two_bits_beside_more, model="ann")),
)
"""The paper's statements of its Figures 2 and 3 that are not among its main claims."""


def _accuracy_at(audit: Audit, threshold: float) -> Float[Array, " replicates"]:
    return audit.accuracy("snn", act_bit_width=2, threshold=threshold)


def _mean_accuracy(audit: Audit, model: str, act_bit_width: int) -> Float[Array, " replicates"]:
    thresholds = audit.thresholds(model, act_bit_width)
    return mean_over([audit.accuracy(model, act_bit_width=act_bit_width, threshold=t) for t in thresholds])
