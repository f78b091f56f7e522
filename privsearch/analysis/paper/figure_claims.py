"""The paper's statements of its Figures 2 and 3, as further claims beside the main ones.

The figures draw test accuracy and attack AUC against the threshold of quantised activations, 0.5 to 1.5. Section V-A
puts no numbers to them, so what is small, near, flat or alike has a margin here.
"""

from functools import partial
from typing import Final

from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.paper.audits import LACKING, Audit
from privsearch.analysis.paper.claims import (
    BIT_WIDTHS,
    Claim,
    Differences,
    each_minus_each,
    mean_accuracy,
    mean_auc,
    slope,
    two_bits_beside_more,
)

SMALL_DROP: Final = 0.061
"""The largest loss of test accuracy that is a small one (claims 6 and 17).

The paper calls the losses by quantisation minor, and 8 and 4 bits practical. The largest loss at these widths in its
Table II is 0.0607, that of an SNN with 4-bit weights on CIFAR-10. Iris is left aside: two of the 30 examples of its
test split are a loss of 0.067.
"""

FLAT: Final = 0.02
"""The largest change of accuracy, over one unit of threshold, that is none (claim 7), and the largest loss that is near
full precision (claim 8) or as good as an ANN (claim 19).

The paper's thresholds are one unit apart, so it is a change over the whole width of Figure 2: a third of a small drop.
"""

ALIKE: Final = 0.02
"""The largest difference in attack AUC between networks that leak alike (claims 10 and 14).

The paper calls the AUCs of SNNs with weights of 8, 4 and 2 bits similar too, and those in its Table II are up to 0.0155
apart.
"""

BENEFIT: Final = 0.01
"""The least difference in attack AUC that counts as a benefit (claim 11).

It is what matters, not what can be seen, so it does not grow where a dataset is small: there nothing is significant.
An attacker who ranks one pair in a hundred better gains little, and the published standard deviations of the AUC have a
median of 0.011.
"""


def quantised_activations_cost_little(audit: Audit, model: str) -> Differences:
    """Compute claim 6: the accuracy at each activation bit width, over all thresholds, minus that in full precision."""
    full = audit.accuracy(model)
    return {f"a{k} - fp32": mean_accuracy(audit, model, k, audit.thresholds(model, k)) - full for k in BIT_WIDTHS}


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
    return each_minus_each({f"a{k}": mean_auc(audit, "snn", k, thresholds) for k in BIT_WIDTHS})


FIGURE_CLAIMS: Final = (
    Claim(
        number=6,
        text="Quantised activations cost ANNs little accuracy",
        section="V-A",
        quote="observed in both ANNs and SNNs, but the overall drop ... remains relatively small",
        differences=partial(quantised_activations_cost_little, model="ann"),
        quantity="test accuracy",
        bar=-SMALL_DROP,
    ),
    Claim(
        number=6,
        text="Quantised activations cost SNNs little accuracy",
        section="V-A",
        quote="observed in both ANNs and SNNs, but the overall drop ... remains relatively small",
        differences=partial(quantised_activations_cost_little, model="snn"),
        quantity="test accuracy",
        bar=-SMALL_DROP,
        about_reading=True,
    ),
    Claim(
        number=7,
        text="Accuracy of quantised ANNs is flat over the thresholds",
        section="V-A",
        quote="across each bit-width, accuracy remains relatively stable across different threshold levels",
        differences=accuracy_is_flat,
        quantity="test accuracy",
        bar=-FLAT,
        is_equivalence=True,
    ),
    Claim(
        number=8,
        text="2-bit SNNs on Breast Cancer start near full precision",
        section="V-A",
        quote="In Breast Cancer, accuracy starts near full precision at lower thresholds",
        differences=two_bits_start_near_full_precision,
        quantity="test accuracy",
        bar=-FLAT,
        about_reading=True,
        only="breast_cancer",
    ),
    Claim(
        number=8,
        text="2-bit SNNs on Breast Cancer fall as the threshold rises",
        section="V-A",
        quote="but degrades as thresholds increase",
        differences=two_bits_fall_with_the_threshold,
        quantity="test accuracy",
        about_reading=True,
        only="breast_cancer",
    ),
    Claim(
        number=9,
        text="2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose",
        section="V-A",
        quote="In CIFAR-10, accuracy initially improves with thresholding but drops at higher thresholds",
        differences=two_bits_gain_then_lose,
        quantity="test accuracy",
        about_reading=True,
        only="cifar10",
    ),
    Claim(
        number=10,
        text="2, 4 and 8 bits of activation leak alike in SNNs",
        section="V-A",
        quote="2-bit, 4-bit, and 8-bit quantized SNN models showed somewhat similar privacy vulnerability",
        differences=bit_widths_leak_alike,
        bar=-ALIKE,
        is_equivalence=True,
        about_reading=True,
    ),
    Claim(
        number=11,
        text="2-bit activations protect ANNs no better than 4 or 8 bits",
        section="V-B",
        quote="2-bit precision) provides no tangible benefit in neither ANNs nor SNNs",
        differences=partial(two_bits_beside_more, model="ann"),
        bar=-BENEFIT,
    ),
    Claim(
        number=11,
        text="2-bit activations protect SNNs no better than 4 or 8 bits",
        section="V-B",
        quote="2-bit precision) provides no tangible benefit in neither ANNs nor SNNs",
        differences=partial(two_bits_beside_more, model="snn"),
        bar=-BENEFIT,
        about_reading=True,
    ),
)
"""The paper's statements of its Figures 2 and 3 that are not among its main claims."""


def _accuracy_at(audit: Audit, threshold: float) -> Float[Array, " replicates"]:
    return audit.accuracy("snn", act_bit_width=2, threshold=threshold)
