"""The paper's statements of its Tables II and III, as further claims beside the main ones.

Where the paper says "similar", "minor" or "without compromising" it gives no number, and the margins are those of
`figure_claims`. Two of these were taken from Table II itself, so its own numbers hold claim 14 for SNNs, and claim 17
outside Iris, by construction.
"""

from functools import partial
from typing import Any, Final

from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.paper.audits import Audit
from privsearch.analysis.paper.claims import (
    BIT_WIDTHS,
    SURROGATE_GRADIENTS,
    Claim,
    Differences,
    each_minus_each,
    first_minus_others,
    mean_accuracy,
    mean_auc,
)
from privsearch.analysis.paper.figure_claims import ALIKE, FLAT, SMALL_DROP

WEIGHTS: Final[dict[str, dict[str, Any]]] = {"fp32": {}} | {f"w{k}": {"weight_bit_width": k} for k in BIT_WIDTHS}
"""The axes of full precision and of each weight bit width, by name."""


def snn_leaks_less_at_the_same_weights(audit: Audit) -> Differences:
    """Compute claim 12: the AUC of the ANN minus that of the SNN, in full precision and at each weight bit width."""
    return {f"ANN {w} - SNN {w}": audit.auc("ann", **axes) - audit.auc("snn", **axes) for w, axes in WEIGHTS.items()}


def snn_leaks_less_at_the_same_activations(audit: Audit) -> Differences:
    """Compute claim 12: the AUC of the ANN minus that of the SNN, each the mean over the thresholds that both have."""
    differences = {}
    for k in BIT_WIDTHS:
        shared = sorted({*audit.thresholds("ann", k)} & {*audit.thresholds("snn", k)})
        differences[f"ANN a{k} - SNN a{k}"] = mean_auc(audit, "ann", k, shared) - mean_auc(audit, "snn", k, shared)
    return differences


def two_bit_weights_leak_least(audit: Audit) -> Differences:
    """Compute claim 13: the AUC of the ANN at 8 and at 4 weight bits minus that at 2."""
    two = audit.auc("ann", weight_bit_width=2)
    return {f"w{k} - w2": audit.auc("ann", weight_bit_width=k) - two for k in (8, 4)}


def weight_widths_leak_alike(audit: Audit, model: str) -> Differences:
    """Compute claim 14: the AUC at each weight bit width minus that at each other."""
    return each_minus_each({f"w{k}": audit.auc(model, weight_bit_width=k) for k in BIT_WIDTHS})


def snn_gains_less(audit: Audit) -> Differences:
    """Compute claim 15: by how much a weight bit width lowers the AUC of the ANN, minus by how much that of the SNN."""

    def gain(model: str, bit_width: int) -> Float[Array, " replicates"]:
        lowered: Array = audit.auc(model) - audit.auc(model, weight_bit_width=bit_width)
        return lowered

    return {f"ANN (fp32 - w{k}) - SNN (fp32 - w{k})": gain("ann", k) - gain("snn", k) for k in BIT_WIDTHS}


def quantised_weights_cost_accuracy(audit: Audit, model: str) -> Differences:
    """Compute claim 16: the accuracy in full precision minus that at each weight bit width."""
    full = audit.accuracy(model)
    return {f"fp32 - w{k}": full - audit.accuracy(model, weight_bit_width=k) for k in BIT_WIDTHS}


def quantised_activations_cost_accuracy(audit: Audit, model: str) -> Differences:
    """Compute claim 16: the accuracy in full precision minus that at each activation bit width, over all thresholds."""
    full = audit.accuracy(model)
    return {f"fp32 - a{k}": full - mean_accuracy(audit, model, k, audit.thresholds(model, k)) for k in BIT_WIDTHS}


def moderate_weights_cost_little(audit: Audit, model: str) -> Differences:
    """Compute claim 17: the accuracy at 8 and at 4 weight bits minus that in full precision.

    2 bits are left out: the sentence after the one that calls the losses minor says that theirs are not.
    """
    full = audit.accuracy(model)
    return {f"w{k} - fp32": audit.accuracy(model, weight_bit_width=k) - full for k in (8, 4)}


def two_bit_weights_cost_most(audit: Audit, model: str) -> Differences:
    """Compute claim 18: the accuracy at 8 and at 4 weight bits minus that at 2."""
    two = audit.accuracy(model, weight_bit_width=2)
    return {f"w{k} - w2": audit.accuracy(model, weight_bit_width=k) - two for k in (8, 4)}


def two_bit_activations_cost_most(audit: Audit) -> Differences:
    """Compute claim 18: the accuracy of the ANN at 8 and at 4 activation bits minus that at 2, over the thresholds."""
    differences = {}
    for k in (8, 4):
        shared = audit.thresholds("ann", 2, k)
        more, two = (mean_accuracy(audit, "ann", width, shared) for width in (k, 2))
        differences[f"a{k} - a2"] = more - two
    return differences


def snn_is_as_accurate(audit: Audit) -> Differences:
    """Compute claim 19: the accuracy of the SNN minus that of the ANN, both in full precision."""
    return {"SNN fp32 - ANN fp32": audit.accuracy("snn") - audit.accuracy("ann")}


def spike_rate_escape_leaks_least(audit: Audit) -> Differences:
    """Compute claim 20: the AUC of each other surrogate gradient minus that of spike rate escape."""
    return _others_minus("spike_rate_escape", {g: audit.auc("snn", surrogate_gradient=g) for g in SURROGATE_GRADIENTS})


def two_leak_more_than_spike_rate_escape(audit: Audit) -> Differences:
    """Compute claim 21: the AUC of arctangent and of straight-through minus that of spike rate escape."""
    quiet = audit.auc("snn", surrogate_gradient="spike_rate_escape")
    return {
        f"{loud} - spike_rate_escape": audit.auc("snn", surrogate_gradient=loud) - quiet
        for loud in ("atan", "straight_through")
    }


def fast_sigmoid_is_most_accurate(audit: Audit) -> Differences:
    """Compute claim 22: the accuracy of fast sigmoid minus that of each other surrogate gradient."""
    return first_minus_others("fast_sigmoid", lambda name: audit.accuracy("snn", surrogate_gradient=name))


def triangular_is_least_accurate(audit: Audit) -> Differences:
    """Compute claim 23: the accuracy of each other surrogate gradient minus that of triangular."""
    return _others_minus("triangular", {g: audit.accuracy("snn", surrogate_gradient=g) for g in SURROGATE_GRADIENTS})


TABLE_CLAIMS: Final = (
    Claim(
        number=12,
        text="SNNs leak less than ANNs with weights of the same width",
        section="V-B",
        quote="SNNs consistently demonstrate lower MIA vulnerability ... regardless of quantization levels",
        differences=snn_leaks_less_at_the_same_weights,
    ),
    Claim(
        number=12,
        text="SNNs leak less than ANNs with activations of the same width",
        section="V-B",
        quote="SNNs consistently demonstrate lower MIA vulnerability ... regardless of quantization levels",
        differences=snn_leaks_less_at_the_same_activations,
        about_reading=True,
    ),
    Claim(
        number=13,
        text="2-bit weights leak least among quantised ANNs",
        section="V-B",
        quote="2-bit quantized models exhibit the lowest attack AUC values across datasets",
        differences=two_bit_weights_leak_least,
    ),
    Claim(
        number=14,
        text="2, 4 and 8 bits of weights leak alike in SNNs",
        section="V-B",
        quote="Models quantized to 2-bit, 4-bit, and 8-bit levels demonstrate similar AUC values",
        differences=partial(weight_widths_leak_alike, model="snn"),
        bar=-ALIKE,
        is_equivalence=True,
    ),
    Claim(
        number=14,
        text="2, 4 and 8 bits of weights mostly leak alike in ANNs",
        section="V-B",
        quote="In most cases, models quantized to 2-bit, 4-bit, and 8-bit levels demonstrate comparable AUC values",
        differences=partial(weight_widths_leak_alike, model="ann"),
        bar=-ALIKE,
        is_equivalence=True,
        of_most=True,
    ),
    Claim(
        number=15,
        text="Quantised weights protect SNNs by less than ANNs",
        section="V-B",
        quote="though reductions are smaller due to the already lower baseline AUC",
        differences=snn_gains_less,
    ),
    Claim(
        number=16,
        text="Quantised weights make ANNs less accurate",
        section="V-B",
        quote="Weight quantization leads to accuracy degradation in both ANNs and SNNs",
        differences=partial(quantised_weights_cost_accuracy, model="ann"),
        quantity="test accuracy",
    ),
    Claim(
        number=16,
        text="Quantised weights make SNNs less accurate",
        section="V-B",
        quote="Weight quantization leads to accuracy degradation in both ANNs and SNNs",
        differences=partial(quantised_weights_cost_accuracy, model="snn"),
        quantity="test accuracy",
    ),
    Claim(
        number=16,
        text="Quantised activations make ANNs less accurate",
        section="V-A",
        quote="Accuracy degradation due to activation quantization is observed in both ANNs and SNNs",
        differences=partial(quantised_activations_cost_accuracy, model="ann"),
        quantity="test accuracy",
    ),
    Claim(
        number=16,
        text="Quantised activations make SNNs less accurate",
        section="V-A",
        quote="Accuracy degradation due to activation quantization is observed in both ANNs and SNNs",
        differences=partial(quantised_activations_cost_accuracy, model="snn"),
        quantity="test accuracy",
        about_reading=True,
    ),
    Claim(
        number=17,
        text="8- and 4-bit weights cost ANNs little accuracy",
        section="I",
        quote="introducing minor degradation in model performance",
        differences=partial(moderate_weights_cost_little, model="ann"),
        quantity="test accuracy",
        bar=-SMALL_DROP,
    ),
    Claim(
        number=17,
        text="8- and 4-bit weights cost SNNs little accuracy",
        section="I",
        quote="introducing minor degradation in model performance",
        differences=partial(moderate_weights_cost_little, model="snn"),
        quantity="test accuracy",
        bar=-SMALL_DROP,
    ),
    Claim(
        number=18,
        text="2-bit weights cost ANNs most accuracy",
        section="V-B",
        quote="In ANNs, the most pronounced drop is observed in 2-bit quantized models",
        differences=partial(two_bit_weights_cost_most, model="ann"),
        quantity="test accuracy",
    ),
    Claim(
        number=18,
        text="2-bit weights cost SNNs most accuracy",
        section="V-B",
        quote="The most pronounced drop is observed in 2-bit quantized models",
        differences=partial(two_bit_weights_cost_most, model="snn"),
        quantity="test accuracy",
    ),
    Claim(
        number=18,
        text="2-bit activations cost ANNs most accuracy",
        section="V-A",
        quote="In ANNs, accuracy decreases more noticeably at lower bit-widths, particularly at 2-bit",
        differences=two_bit_activations_cost_most,
        quantity="test accuracy",
    ),
    Claim(
        number=19,
        text="A full-precision SNN is as accurate as an ANN",
        section="I",
        quote="fundamental privacy advantage without compromising model performance",
        differences=snn_is_as_accurate,
        quantity="test accuracy",
        bar=-FLAT,
    ),
    Claim(
        number=20,
        text="Spike rate escape leaks least on most datasets",
        section="V-C",
        quote="the most resilient surrogate gradient across most datasets",
        differences=spike_rate_escape_leaks_least,
        of_most=True,
    ),
    Claim(
        number=21,
        text="Arctangent and straight-through leak more than spike rate escape",
        section="VI",
        quote="whereas Arctangent and Straight Through Estimator (STE) exhibit higher vulnerability",
        differences=two_leak_more_than_spike_rate_escape,
    ),
    Claim(
        number=22,
        text="Fast sigmoid is most accurate",
        section="V-C",
        quote="Fast Sigmoid consistently delivers the best results across datasets",
        differences=fast_sigmoid_is_most_accurate,
        quantity="test accuracy",
    ),
    Claim(
        number=23,
        text="Triangular is least accurate",
        section="V-C",
        quote="Triangular struggles significantly, performing poorly across datasets",
        differences=triangular_is_least_accurate,
        quantity="test accuracy",
    ),
)
"""The paper's statements of its Tables II and III, and of accuracy in general, that are not among its main claims."""


def _others_minus(last: str, numbers: dict[str, Float[Array, " replicates"]]) -> Differences:
    return {f"{other} - {last}": ours - numbers[last] for other, ours in numbers.items() if other != last}
