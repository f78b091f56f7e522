"""A rough estimate of a trial's time and size: enough to plan an evening, and to start long trials first.

The constants were measured on one core of a server processor of 2025 (AVX-512, about 190 GFLOP/s in fp32) and hold
within a factor of two there; on another machine the ratios between trials matter more than the seconds.
"""

import math
from collections.abc import Sequence
from typing import Final, get_args

from privsearch.data import DatasetInfo
from privsearch.spec import Attack, PaperProtocol, Readout, TrialSpec

HIDDEN: Final = 1000
CHANNELS: Final = (32, 64)

FLOPS: Final = {"fp32": 160e9, "bf16": 300e9}
SECONDS_PER_STEP: Final = 0.7e-3
SECONDS_PER_NEURON: Final = 2e-9
SECONDS_PER_NEURON_STEP: Final = 0.6e-9
SECONDS_PER_QUANTISED_MEMBRANE: Final = 1e-9
SECONDS_PER_QUANTISED_LAYER: Final = 0.25e-3
SECONDS_PER_QUANTISED_WEIGHT: Final = 3.5e-9
SECONDS_PER_SVM: Final = 1e-3
SECONDS_PER_FITTED_PAIR: Final = 8e-9
SECONDS_PER_SCORED_PAIR: Final = 1.5e-9
SECONDS_PER_JUDGING: Final = 5e-3
SECONDS_PER_OUTPUT_READ: Final = 50e-9


def training_seconds(spec: TrialSpec, info: DatasetInfo) -> float:
    """Estimate the seconds on one core to train a trial's networks and query them.

    Args:
        spec: the trial, canonical.
        info: the trial's dataset.
    """
    num_train, num_test = _sizes(spec, info)
    layers = _layers(spec, info)
    protocol = spec.protocol
    if protocol.kind == "paper":
        examples, views = num_train * protocol.replicates * (1 + protocol.shadow_fraction), 1
    else:
        examples, views = num_train * protocol.networks / 2, 1 + protocol.augmented_queries + protocol.dropout_queries
    trained = spec.epochs * examples
    batches = trained / min(spec.batch_size, num_train)
    # A backward pass costs about twice a forward pass.
    passes = 3 * trained + protocol.networks * views * (num_train + num_test)
    return passes * _seconds_per_example(spec, layers) + batches * _seconds_per_batch(spec, layers)


def attack_seconds(spec: TrialSpec, attacks: Sequence[Attack], info: DatasetInfo) -> float:
    """Estimate the seconds on one core to run attacks on all targets of a trial.

    Args:
        spec: the trial, canonical.
        attacks: the attacks to run.
        info: the trial's dataset.
    """
    num_train, num_test = _sizes(spec, info)
    protocol = spec.protocol
    if protocol.kind == "paper":
        svm, compared = _paper_svm(protocol, num_train, num_test), 2
    else:
        svm, compared = _halves_svm(num_train), protocol.networks
    outputs = compared * (num_train + num_test) * info.num_classes
    read = SECONDS_PER_JUDGING + outputs * SECONDS_PER_OUTPUT_READ
    num_svms = sum(attack.kind == "svm" for attack in attacks)
    return protocol.targets * (num_svms * svm + len(attacks) * read)


def signal_bytes(spec: TrialSpec, info: DatasetInfo) -> int:
    """Compute the bytes of a trial's signals before compression: a 32-bit float for each output."""
    num_train, num_test = _sizes(spec, info)
    protocol = spec.protocol
    views = 1 if protocol.kind == "paper" else 1 + protocol.augmented_queries + protocol.dropout_queries
    readouts = len(get_args(Readout)) if spec.model == "snn" else 1
    return 4 * protocol.networks * views * readouts * (num_train + num_test) * info.num_classes


def network_bytes(spec: TrialSpec, info: DatasetInfo) -> int:
    """Compute the bytes of a trial's networks: a 32-bit float a weight or bias, and each network's example indices."""
    weights = sum(weights + biases for weights, biases in zip(*_weights(spec, info), strict=True))
    num_train, _ = _sizes(spec, info)
    return spec.protocol.networks * (4 * weights + 8 * num_train)


def _weights(spec: TrialSpec, info: DatasetInfo) -> tuple[list[int], list[int]]:
    """Return the number of weights of each layer, and the number of biases of each layer."""
    channels = CHANNELS if info.network == "convnet" else ()
    return [weights for _, _, weights, _ in _layers(spec, info)], [*channels, HIDDEN, info.num_classes]


def _sizes(spec: TrialSpec, info: DatasetInfo) -> tuple[int, int]:
    return spec.train_size or info.num_train, spec.test_size or info.num_test


def _layers(spec: TrialSpec, info: DatasetInfo) -> list[tuple[int, int, int, int]]:
    """Return for each layer its multiply-adds and neurons for one example at one step, its weights and its steps."""
    steps = spec.num_steps or 1
    spikes_in_convolutions = spec.spiking_layers == "all"
    layers = []
    features = info.input_shape[0]
    if info.network == "convnet":
        channels, height, width = info.input_shape
        for number, out in enumerate(CHANNELS):
            weights = 9 * channels * out
            runs = steps if number and spikes_in_convolutions else 1
            layers.append((height * width * weights, out * (height // 2) * (width // 2), weights, runs))
            channels, height, width = out, height // 2, width // 2
        features = channels * height * width
    runs = steps if info.network == "convnet" and spikes_in_convolutions else 1
    layers.append((features * HIDDEN, HIDDEN, features * HIDDEN, runs))
    layers.append((HIDDEN * info.num_classes, info.num_classes, HIDDEN * info.num_classes, steps))
    return layers


def _seconds_per_example(spec: TrialSpec, layers: list[tuple[int, int, int, int]]) -> float:
    """Estimate the seconds of one forward pass of one example."""
    arithmetic = sum(2 * macs * runs for macs, _, _, runs in layers) / FLOPS[spec.precision]
    arithmetic += sum(neurons * runs for _, neurons, _, runs in layers) * SECONDS_PER_NEURON
    per_neuron = SECONDS_PER_NEURON_STEP if spec.model == "snn" else 0.0
    if spec.model == "snn" and spec.act_bit_width is not None:
        per_neuron += SECONDS_PER_QUANTISED_MEMBRANE
    spiking = layers if spec.spiking_layers == "all" else layers[-2:]
    return arithmetic + sum(neurons for _, neurons, _, _ in spiking) * (spec.num_steps or 0) * per_neuron


def _seconds_per_batch(spec: TrialSpec, layers: list[tuple[int, int, int, int]]) -> float:
    """Estimate the fixed seconds of a training step: calls, the optimiser, the quantisation of weights."""
    seconds = SECONDS_PER_STEP
    if spec.weight_bit_width is not None:
        weights = sum(weights for _, _, weights, _ in layers)
        seconds += SECONDS_PER_QUANTISED_LAYER * len(layers) + SECONDS_PER_QUANTISED_WEIGHT * weights
    return seconds


def _paper_svm(protocol: PaperProtocol, num_train: int, num_test: int) -> float:
    """Estimate the seconds to fit and score RBF-SVMs, once for the attack and twice for each cut of the placebo."""
    fitted = 2 * min(math.ceil(protocol.shadow_fraction * num_train), num_test)
    attack = _svm(fitted, num_train + num_test)
    return attack + 2 * protocol.placebo_cuts * _svm(num_test, num_test)


def _halves_svm(num_train: int) -> float:
    """Estimate the seconds to fit an RBF-SVM on each half of the training split and score the other half."""
    return 2 * _svm(num_train / 2, num_train / 2)


def _svm(fitted: float, scored: float) -> float:
    return SECONDS_PER_SVM + fitted * (fitted * SECONDS_PER_FITTED_PAIR + scored * SECONDS_PER_SCORED_PAIR)
