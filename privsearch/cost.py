"""How long a trial will take, roughly: enough to plan an evening, and to start long trials before short ones.

The constants were measured on one core of a server processor of 2025 (AVX-512, about 80 GFLOP/s in fp32) and hold
within a factor of two there; on another machine the ratios between trials matter more than the seconds.
"""

import math
from typing import Final

from privsearch.data import DatasetInfo
from privsearch.spec import TrialSpec

HIDDEN: Final = 1000
CHANNELS: Final = (32, 64)

FLOPS: Final = 70e9
SECONDS_PER_STEP: Final = 0.6e-3
SECONDS_PER_SCAN_STEP: Final = 25e-6
SECONDS_PER_NEURON_STEP: Final = 1.4e-9
SECONDS_PER_QUANTISED_MEMBRANE: Final = 2e-9
SECONDS_PER_QUANTISED_LAYER: Final = 1e-3
SECONDS_PER_QUANTISED_WEIGHT: Final = 12e-9
SECONDS_PER_SVM_FIT: Final = 8e-3
SECONDS_PER_SVM_PAIR: Final = 2e-8


def estimate_seconds(spec: TrialSpec, info: DatasetInfo) -> float:
    """The time that a trial takes on one core, estimated from the sizes of its networks, data and attacks.

    Args:
        spec: the trial, canonical.
        info: its dataset.
    """
    num_train, num_test = spec.train_size or info.num_train, spec.test_size or info.num_test
    layers = _layers(spec, info)
    trained = spec.epochs * num_train * (1 + spec.protocol.shadow_fraction)
    batches = trained / min(spec.batch_size, num_train)
    # A backward pass costs about twice a forward pass, and each network is asked about every example once.
    passes = 3 * trained + 2 * (num_train + num_test)
    per_replicate = passes * _seconds_per_example(spec, layers) + batches * _seconds_per_batch(spec, layers)
    return spec.protocol.replicates * (per_replicate + len(spec.attacks) * _attack_seconds(spec, num_train, num_test))


def _layers(spec: TrialSpec, info: DatasetInfo) -> list[tuple[int, int, int, int]]:
    """For each layer: multiply-adds and neurons for one example at one step, weights, and how many steps it runs."""
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
    """One forward pass of one example."""
    arithmetic = sum(2 * macs * runs for macs, _, _, runs in layers) / FLOPS
    per_neuron = SECONDS_PER_NEURON_STEP if spec.model == "snn" else 0.0
    if spec.model == "snn" and spec.act_bit_width is not None:
        per_neuron += SECONDS_PER_QUANTISED_MEMBRANE
    spiking = layers if spec.spiking_layers == "all" else layers[-2:]
    return arithmetic + sum(neurons for _, neurons, _, _ in spiking) * (spec.num_steps or 0) * per_neuron


def _seconds_per_batch(spec: TrialSpec, layers: list[tuple[int, int, int, int]]) -> float:
    """What a training step costs however small its batch: calls, the optimiser, the quantisation of weights."""
    seconds = SECONDS_PER_STEP + SECONDS_PER_SCAN_STEP * len(layers) * (spec.num_steps or 0)
    if spec.weight_bit_width is not None:
        weights = sum(weights for _, _, weights, _ in layers)
        seconds += SECONDS_PER_QUANTISED_LAYER * len(layers) + SECONDS_PER_QUANTISED_WEIGHT * weights
    return seconds


def _attack_seconds(spec: TrialSpec, num_train: int, num_test: int) -> float:
    """Fitting and asking an RBF-SVM, once for the attack and once for each cut of the placebo."""
    fitted = 2 * min(math.ceil(spec.protocol.shadow_fraction * num_train), num_test)
    attack = fitted * (fitted + num_train + num_test)
    placebo = num_test * 2 * num_test
    cuts = spec.protocol.placebo_cuts
    return SECONDS_PER_SVM_FIT * (1 + cuts) + SECONDS_PER_SVM_PAIR * (attack + cuts * placebo)
