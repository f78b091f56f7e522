"""A rough estimate of a trial's time and size: enough to plan an evening, and to start long trials first.

The constants were measured on one core of a server processor of 2025 (AVX-512, about 190 GFLOP/s in fp32) and hold
within a factor of two there; on another machine the ratios between trials matter more than the seconds.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, get_args

from privsearch.data import DatasetInfo
from privsearch.spec import Attack, Readout, TrialSpec
from privsearch.spec.architecture import Layer, network_layers, num_weights

FLOPS: Final = {"fp32": 160e9, "bf16": 300e9}
BACKWARD: Final = 2.0
"""The time of a backward pass, in that of a forward pass."""
SPIKE_DRIVEN: Final = (0.35, 1.1)
"""The time of a layer that is computed spike by spike, forward and backward, in that of its dense forward pass.

Measured where 6 to 10 % of neurons fire, as they do on MNIST and Fashion-MNIST; on CIFAR-10 it is less.
"""
SECONDS_PER_STEP: Final = 0.7e-3
SECONDS_PER_NEURON: Final = 2e-9
SECONDS_PER_NEURON_STEP: Final = 0.6e-9
SECONDS_PER_QUANTISED_MEMBRANE: Final = {"few levels": 0.7e-9, "many levels": 1.8e-9}
MOST_FEW_BITS: Final = 5
"""Those of few levels, as in `privsearch.models.kernels.levels`."""
SECONDS_PER_QUANTISED_LAYER: Final = 0.25e-3
SECONDS_PER_QUANTISED_WEIGHT: Final = 3.5e-9
SECONDS_PER_SVM: Final = 1e-3
SECONDS_PER_FITTED_PAIR: Final = 8e-9
SECONDS_PER_SCORED_PAIR: Final = 1.5e-9
SECONDS_PER_QUANTISED_ACTIVATION: Final = 1.2e-8
SECONDS_PER_LANDMARK_CUBED: Final = 2.4e-9
SECONDS_PER_LEARNT_PAIR: Final = 5.5e-7
SECONDS_PER_COMPARED_INPUT: Final = 5e-11
PRIVATE_STEP: Final = 1.5
"""The time of a private step, its noise aside, in that of an ordinary one; of networks with few outputs it is more."""
SECONDS_PER_NOISE: Final = 8e-9
SECONDS_PER_ACCOUNT: Final = 5.0
LANDMARKS: Final = 500
"""Those of `privsearch.attacks.kernel_ridge`."""
SECONDS_PER_JUDGING: Final = 5e-3
SECONDS_PER_PLACEBO: Final = 0.14
SECONDS_PER_JUDGED_EXAMPLE: Final = 4e-6
SECONDS_PER_RATIO: Final = 7e-7
SECONDS_PER_OUTPUT_READ: Final = 50e-9


def training_seconds(spec: TrialSpec, info: DatasetInfo, *, queries: bool = True) -> float:
    """Estimate the seconds on one core to train a trial's networks and query them.

    Args:
        spec: the trial, canonical.
        info: the trial's dataset.
        queries: False to leave out the queries.
    """
    return sum(network_seconds(spec, info, queries=queries))


def network_seconds(spec: TrialSpec, info: DatasetInfo, *, queries: bool = True) -> list[float]:
    """Estimate the seconds on one core to train and query each network of a trial, in the order of training.

    Args:
        spec: the trial, canonical.
        info: the trial's dataset.
        queries: False to leave out the queries.
    """
    num_train, num_test = _sizes(spec, info)
    layers = network_layers(spec, info.input_shape, info.num_classes)
    protocol = spec.protocol
    is_encoded = spec.encoding not in (None, "direct")
    changes = spec.model != "ann" and (info.num_steps is not None or is_encoded)
    runs = _runs(layers, spec.num_steps or 1, changes=changes)
    forward, backward = _seconds_per_example(layers, runs, spec)
    per_batch = _seconds_per_batch(spec, layers)
    private, noise, accounting = 1.0, 0.0, 0.0
    if spec.dp is not None:
        private, accounting = PRIVATE_STEP, SECONDS_PER_ACCOUNT / len(protocol.roles())
        noise = SECONDS_PER_NOISE * num_weights(spec, info.input_shape, info.num_classes)
    queried = (
        _times_queried(spec, info)
        * (spec.encoding_queries or 1)
        * sum(protocol.views.values())
        * (num_train + num_test)
    )
    return [
        private * spec.epochs * examples * (forward + backward)
        + (queried * forward if queries else 0.0)
        + spec.epochs * examples / min(spec.batch_size, num_train) * (per_batch + noise)
        + accounting
        for examples in protocol.training_examples(num_train)
    ]


def attack_seconds(spec: TrialSpec, attacks: Sequence[Attack], info: DatasetInfo) -> float:
    """Estimate the seconds on one core to run attacks on all targets of a trial.

    Args:
        spec: the trial, canonical.
        attacks: the attacks to run.
        info: the trial's dataset.
    """
    num_train, num_test = _sizes(spec, info)
    protocol = spec.protocol
    svm = sum(times * _svm(fitted, scored) for times, fitted, scored in protocol.svm_fits(num_train, num_test))
    outputs = protocol.outputs_per_attack * (num_train + num_test) * info.num_classes
    read = SECONDS_PER_JUDGING + outputs * SECONDS_PER_OUTPUT_READ
    read += (num_train + num_test) * SECONDS_PER_JUDGED_EXAMPLE
    if protocol.kind == "paper":  # which judges each attack many times, on members and on the placebo
        read += SECONDS_PER_PLACEBO
    num_ratios = sum(attack.kind in ("lira", "rmia") for attack in attacks)
    ratios = num_ratios * protocol.outputs_per_attack * (num_train + num_test) * SECONDS_PER_RATIO
    num_svms = sum(attack.kind == "svm" for attack in attacks)
    num_regressions = sum(attack.kind == "quantile_regression" for attack in attacks)
    fitted = num_svms * svm + num_regressions * _regression(num_test, num_train, math.prod(info.input_shape))
    return _times_queried(spec, info) * protocol.targets * (fitted + len(attacks) * read + ratios)


def signal_bytes(spec: TrialSpec, info: DatasetInfo) -> int:
    """Compute the bytes of a trial's signals before compression: a 32-bit float for each output."""
    num_train, num_test = _sizes(spec, info)
    protocol = spec.protocol
    spikes = spec.model == "snn"
    views = sum(protocol.views.values()) * (len(get_args(Readout)) if spikes else 1)
    steps = spec.num_steps or 0 if spikes and protocol.has_trajectory else 0
    queried = _times_queried(spec, info) * protocol.networks * (num_train + num_test)
    return 4 * queried * (views + steps) * info.num_classes


def network_bytes(spec: TrialSpec, info: DatasetInfo) -> int:
    """Compute the bytes of a trial's networks: a 32-bit float a weight or bias, and each network's example indices."""
    weights = num_weights(spec, info.input_shape, info.num_classes)
    num_train, _ = _sizes(spec, info)
    return spec.protocol.networks * (4 * weights + 8 * num_train)


def _times_queried(spec: TrialSpec, info: DatasetInfo) -> int:
    """Return how often a network is queried and attacked: also untrained, if the trial needs blind baselines."""
    return 2 if info.needs_blind_baselines(spec.protocol) else 1


def _sizes(spec: TrialSpec, info: DatasetInfo) -> tuple[int, int]:
    return spec.train_size or info.num_train, spec.test_size or info.num_test


@cache
def _runs(layers: tuple[Layer, ...], steps: int, *, changes: bool) -> tuple[int, ...]:
    """Return how often each layer is computed for an example, whose inputs may change from step to step."""
    # Otherwise layers see the same input at every step up to the first one that reads spikes.
    return (steps if changes else 1, *(steps if changes or previous.is_spiking else 1 for previous in layers[:-1]))


def _seconds_per_example(layers: Sequence[Layer], runs: Sequence[int], spec: TrialSpec) -> tuple[float, float]:
    """Return the seconds of one forward pass and of one backward pass of one example."""
    dense = sum(layer.neurons * run for layer, run in zip(layers, runs, strict=True)) * SECONDS_PER_NEURON
    of_spikes = 0.0
    spike_driven = spec.precision == "fp32" and spec.dp is None
    reads_spikes = False
    for layer, run in zip(layers, runs, strict=True):
        seconds = 2 * layer.multiply_adds * run / FLOPS[spec.precision]
        if reads_spikes and spike_driven:
            of_spikes += seconds
        else:
            dense += seconds
        reads_spikes = layer.is_spiking
    levels = quantised_levels(spec)
    if spec.model == "snn":
        per_neuron = SECONDS_PER_NEURON_STEP + (SECONDS_PER_QUANTISED_MEMBRANE[levels] if levels else 0.0)
        dense += sum(layer.neurons for layer in layers if layer.is_spiking) * (spec.num_steps or 0) * per_neuron
    elif levels:
        dense += sum(layer.neurons for layer in layers[:-1]) * SECONDS_PER_QUANTISED_ACTIVATION
    forward, backward = SPIKE_DRIVEN
    return dense + forward * of_spikes, BACKWARD * dense + backward * of_spikes


def quantised_levels(spec: TrialSpec) -> Literal["few levels", "many levels"] | None:
    """Return whether activations have few levels or many, which take longer to look up; None if they have no levels."""
    if spec.act_bit_width is None:
        return None
    return "few levels" if spec.act_bit_width <= MOST_FEW_BITS else "many levels"


def _seconds_per_batch(spec: TrialSpec, layers: Sequence[Layer]) -> float:
    """Return the seconds of a training step that do not depend on its batch: calls, optimiser, quantised weights."""
    seconds = SECONDS_PER_STEP
    if spec.weight_bit_width is not None:
        weights = sum(layer.weights for layer in layers)
        seconds += SECONDS_PER_QUANTISED_LAYER * len(layers) + SECONDS_PER_QUANTISED_WEIGHT * weights
    return seconds


def _svm(fitted: float, scored: float) -> float:
    return SECONDS_PER_SVM + fitted * (fitted * SECONDS_PER_FITTED_PAIR + scored * SECONDS_PER_SCORED_PAIR)


def _regression(learnt: int, scored: int, features: int) -> float:
    landmarks = min(learnt, LANDMARKS)
    compared = (learnt + scored) * landmarks * features
    pairs = learnt * landmarks
    return (
        landmarks**3 * SECONDS_PER_LANDMARK_CUBED
        + pairs * SECONDS_PER_LEARNT_PAIR
        + compared * SECONDS_PER_COMPARED_INPUT
    )
