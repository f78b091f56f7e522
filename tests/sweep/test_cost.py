from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_networks import small_images, trained_trial

from privsearch.attacks.kernel_ridge import MOST_LANDMARKS
from privsearch.data import describe_dataset
from privsearch.spec import (
    HalvesProtocol,
    PaperProtocol,
    QuantileRegressionAttack,
    SvmAttack,
    ThresholdAttack,
    TrialSpec,
)
from privsearch.sweep.cost import LANDMARKS, attack_seconds, network_bytes, signal_bytes, training_seconds


def seconds(dataset: Any = "digits", **fields: Any) -> float:
    info = describe_dataset(dataset)
    spec = TrialSpec(**{"dataset": dataset, "model": "snn", **fields}).canonical(info.network)
    return training_seconds(spec, info) + attack_seconds(spec, spec.attacks, info)


@pytest.mark.parametrize(
    "longer",
    [
        {"epochs": 40},
        {"num_steps": 50},
        {"weight_bit_width": 4},
        {"encoding": "latency"},
        {"encoding": "rate", "encoding_queries": 1},
        {"act_bit_width": 4},
        {"batch_size": 16},
        {"protocol": PaperProtocol(replicates=6)},
        {"protocol": HalvesProtocol(networks=32)},
        {"protocol": HalvesProtocol(networks=16, dropout_queries=50)},
        {"attacks": (SvmAttack(), ThresholdAttack(kind="loss"))},
    ],
)
def test_more_work_is_estimated_to_take_longer(longer: dict[str, Any]) -> None:
    """The order of trials, and so the end of the sweep, hangs on this."""
    assert seconds(**longer) > seconds()


def test_a_query_costs_as_much_as_its_draws() -> None:
    """Training draws once a step, however often a query does."""
    one, two, three = (seconds(encoding="rate", encoding_queries=draws) for draws in (1, 2, 3))
    assert three - two == pytest.approx(two - one)
    assert two - one < one


def test_a_quantile_regression_is_counted() -> None:
    """By the examples that it learns from, up to those that it compares all with."""
    halves = {"protocol": HalvesProtocol(), "model": "ann", "dataset": "digits"}
    plain, reading = (ThresholdAttack(kind="loss"),), (ThresholdAttack(kind="loss"), QuantileRegressionAttack())

    def more(test_size: int) -> float:
        with_it, without = (seconds(**halves, test_size=test_size, attacks=attacks) for attacks in (reading, plain))
        return with_it - without

    assert 0 < more(100) < more(300)
    assert LANDMARKS == MOST_LANDMARKS


def test_less_work_is_estimated_to_take_less() -> None:
    """An ANN, spikes in the head only, a part of the data, a small table."""
    assert seconds(model="ann") < seconds(spiking_layers="head") < seconds()
    assert seconds(train_size=100) < seconds()
    assert seconds("iris") < seconds()


def test_replicates_are_independent_and_add_up() -> None:
    """Six replicates take twice as long as three."""
    assert seconds(protocol=PaperProtocol(replicates=6)) == pytest.approx(2 * seconds())


def test_signals_are_a_float_for_every_output() -> None:
    """Eight networks on 150 examples of three classes: an SNN shows three readouts, an ANN its logits, on each view."""
    info = describe_dataset("iris")
    for model, readouts in (("ann", 1), ("snn", 3)):
        for views, protocol in ((1, HalvesProtocol()), (6, HalvesProtocol(dropout_queries=5))):
            spec = TrialSpec(dataset="iris", model=model, protocol=protocol)
            assert signal_bytes(spec, info) == 4 * 8 * 150 * 3 * readouts * views
            longer = spec.model_copy(update={"num_steps": 10, "protocol": HalvesProtocol(mem_trajectory=True)})
            steps = 10 if model == "snn" else 0
            assert signal_bytes(longer, info) == 4 * 8 * 150 * 3 * (readouts + steps)


def test_the_size_of_networks_is_known_beforehand(tmp_path: Path) -> None:
    """Within two hundredths, and a few kilobytes that do not depend on the network."""
    of_a_table = trained_trial(tmp_path, model="ann")
    of_images = trained_trial(tmp_path, model="ann", dataset=small_images(tmp_path))
    for result, path in (of_a_table, of_images):
        estimate = network_bytes(result.spec, describe_dataset(result.spec.dataset))
        assert estimate <= path.stat().st_size <= 1.02 * estimate + 8000


@pytest.mark.parametrize("model", ["ann", "snn"])
def test_inputs_over_time_cost_a_spiking_network_every_layer_at_every_step(model: str) -> None:
    """The first one too; an ANN sees them at once, as a wider table."""
    info = describe_dataset("breast_cancer")
    over_time = replace(info, input_shape=(25, 1000))
    once = replace(info, input_shape=(1000,) if model == "snn" else (25_000,))
    spec = TrialSpec(dataset="breast_cancer", model=model)
    changing = training_seconds(spec.canonical("fcnet", num_steps=over_time.num_steps), over_time)
    steady = training_seconds(spec.canonical("fcnet"), once)
    assert changing > 2 * steady if model == "snn" else changing == steady
