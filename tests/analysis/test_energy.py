import math
from typing import Any

import numpy as np
import pytest
from builders import make_completed
from counted_networks import conventional, counted, layer, spiking

from privsearch.analysis.energy import cost_numbers, equal_bits
from privsearch.analysis.frames import results_frame, targets_frame
from privsearch.analysis.tasks import tasks
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.spec.columns import COSTS, ENERGIES
from privsearch.spec.energy import PUBLISHED_COSTS, EnergyCosts
from privsearch.study.operations import Operations
from privsearch.study.result import parse_result, priced

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "halves", "attacks": ["loss"]}
SWEEP |= {"grids": {"a": {"model": ["ann", "snn"]}}}


def numbers(operations: Operations, **tables: Any) -> dict[str, Any]:
    return cost_numbers(operations, EnergyCosts.model_validate(tables))


def test_flat_energy_is_the_formula_of_the_papers() -> None:
    """4.6 pJ a MAC, 0.9 pJ an AC; with updates as MACs, which a table may leave out."""
    found = numbers(spiking(steps=5, rate=0.2))
    macs, acs, updates = 40 * 5, 2 * 10 * 5 * 0.2, 12 * 5
    assert (found["macs"], found["acs"], found["membrane_updates"]) == (macs, acs, updates)
    assert found["energy.flat"] == pytest.approx((4.6 * macs + 0.9 * acs + 4.6 * updates) / 1000)
    without = numbers(spiking(steps=5, rate=0.2), flat={"update": 0.0, "source": "most papers"})
    assert without["energy.flat"] == pytest.approx((4.6 * macs + 0.9 * acs) / 1000)


def test_a_static_input_is_presented_at_every_step_or_once() -> None:
    """Only what is before the first spikes is saved, and nothing of a conventional network."""
    found = numbers(spiking(steps=5))
    assert (found["macs"], found["macs_once"]) == (200, 40)
    assert found["energy.flat"] - found["energy.flat_once"] == pytest.approx(4.6 * 160 / 1000)
    plain = numbers(conventional())
    assert all(plain[energy] == plain[f"{energy}_once"] for energy in ENERGIES if not energy.endswith("_once"))


def test_a_silent_network_costs_its_first_layer_and_its_updates_alone() -> None:
    """By every table."""
    found = numbers(spiking(steps=5, rate=0.0))
    assert (found["acs"], found["firing_rate"]) == (0, 0)
    assert found["energy.flat"] == pytest.approx(4.6 * (200 + 60) / 1000)
    assert found["energy.bits"] == pytest.approx(found["energy.flat"])


def test_an_operation_is_one_of_integers_only_where_both_operands_are() -> None:
    """With weights of few bits a conventional network multiplies in floating point, and a spiking one adds integers."""
    full, weights = numbers(conventional()), numbers(conventional(bits=4))
    first, last = 40.0, 12.0
    assert full["energy.bits"] == pytest.approx(4.6 * (first + last) / 1000)
    # The first layer has real inputs; the second has weights and activations of 4 bits.
    assert weights["energy.bits"] == pytest.approx((4.6 * first + (0.2 * 16 / 64 + 0.1) * last) / 1000)
    spikes, updates = 2 * 10 * 5 * 0.2, 60
    for bits, add in ((None, 0.9), (4, 0.1)):
        found = numbers(spiking(weight_bits=bits))
        assert found["energy.bits"] == pytest.approx((4.6 * (200 + updates) + add * spikes) / 1000)
    # An image that is stored in 8 bits is a conventional network's only integer input.
    one = Operations(layers=(layer(input_bits=8, weight_bits=2),), examples=1)
    assert numbers(one)["energy.bits"] == pytest.approx((0.2 * 16 / 64 + 0.1) * 40 / 1000)


def test_every_access_to_a_memory_is_paid() -> None:
    """Weights and inputs that are read, outputs that are written, membranes that are both; by hand."""
    costs = {"multiply": 3.0, "add": 1.0, "access": 10.0, "access_per_bit": 0.0, "source": "made up"}
    ann = numbers(conventional(active=6.0), memory=costs)["energy.memory"]
    weights, inputs, outputs = 40 + 12, 4 + 6, 6 + 2
    assert ann == pytest.approx((4 * (40 + 12) + 10 * (weights + inputs + outputs)) / 1000)
    snn = numbers(spiking(steps=5, rate=0.2), memory=costs)["energy.memory"]
    spikes = 10 * 5 * 0.2
    macs, acs, updates = 200, 2 * spikes, 60
    accesses = (macs + acs) + (4 * 5 + spikes) + (spikes + 2) + 2 * (updates + acs)
    assert snn == pytest.approx((4 * macs + acs + 4 * updates + 10 * accesses) / 1000)
    convolution = Operations(layers=(layer(kind="convolution"),), examples=1)
    assert numbers(convolution, memory=costs)["energy.memory"] == pytest.approx((4 * 40 + 10 * (40 + 40 + 10)) / 1000)


def test_an_access_costs_more_the_larger_the_memory() -> None:
    """By its elements and their bits: 40 weights of 2 bits are 80 bits."""
    costs = {"multiply": 0.0, "add": 0.0, "access": 0.0, "access_per_bit": 1.0, "source": "made up"}
    for bits, width in ((None, 32), (2, 2)):
        one = Operations(layers=(layer(weight_bits=bits),), examples=1)
        expected = 40 * 40 * width + 4 * 4 * 32 + 10 * 10 * 32
        assert numbers(one, memory=costs)["energy.memory"] == pytest.approx(expected / 1000)


def test_a_firing_rate_is_a_share_of_neurons_and_steps() -> None:
    """Over all neurons whose spikes a layer reads; a conventional network has none."""
    assert numbers(spiking(rate=0.3))["firing_rate"] == pytest.approx(0.3)
    assert numbers(conventional())["firing_rate"] is None


def test_steps_say_as_much_as_the_bits_of_their_number() -> None:
    """The spikes of T steps are a number from 0 to T: 2 numbers are one bit, 26 numbers five."""
    assert [equal_bits(steps) for steps in (1, 2, 3, 4, 7, 8, 25)] == [1, 2, 2, 3, 3, 4, 5]
    assert all(2 ** equal_bits(steps) >= steps + 1 > 2 ** (equal_bits(steps) - 1) for steps in range(1, 200))


def test_costs_have_a_spread_and_an_interval_over_targets() -> None:
    """Student's t, as accuracies have; in the table of targets each has its own."""
    rates = (0.1, 0.2, 0.3, 0.4)
    plain = make_completed(model="snn", protocol=HalvesProtocol(networks=4), attacks=SweepSpec(**SWEEP).attacks)
    result = counted(plain, *(spiking(rate=rate) for rate in rates))
    targets, row = targets_frame([result]), results_frame([result]).iloc[0]
    for cost in COSTS:
        assert row[cost] == pytest.approx(targets[cost].mean())
        assert row[f"{cost}_sd"] == pytest.approx(targets[cost].std())
        half_width = 3.182446 * row[f"{cost}_sd"] / 2  # Student's t for 3 degrees of freedom
        assert row[f"{cost}_high"] == pytest.approx(min(row[cost] + half_width, math.inf), rel=1e-5)


def test_what_was_recorded_before_has_no_costs_and_is_read() -> None:
    """A single network without counts leaves the whole trial without: a mean of some is no mean of all."""
    plain = make_completed(protocol=HalvesProtocol(networks=4))
    line = plain.model_dump_json().replace(',"operations":null', "")
    assert "operations" not in line
    old = parse_result(line)
    assert not {*COSTS} & {*results_frame([old]).columns}
    half = counted(plain, conventional(), None, conventional(), conventional())
    frame = results_frame([half, counted(make_completed("b" * 16), conventional())])
    assert frame[list(ENERGIES)].isna().sum(axis=1).tolist() == [len(ENERGIES), 0]


def test_another_table_prices_what_is_recorded() -> None:
    """Through a task, as whoever reads the study sees it; nothing recorded changes."""
    sweep = SweepSpec.model_validate(SWEEP | {"objectives": {"test_accuracy": "maximize", "energy.flat": "minimize"}})
    costly = EnergyCosts.model_validate({"flat": {"mac": 46.0, "source": "an old chip"}})
    halves = HalvesProtocol(networks=4)
    results = [counted(make_completed(protocol=halves, attacks=sweep.attacks), conventional())]
    dear = [priced(result, costly) for result in results]
    energies = [next(iter(tasks(each, sweep))).rows["energy.flat"].item() for each in (results, dear)]
    assert energies[1] == pytest.approx(10 * energies[0])
    assert dear[0].model_dump_json() == results[0].model_dump_json()
    assert results[0].costs == PUBLISHED_COSTS
    np.testing.assert_allclose(energies[0], 4.6 * 52 / 1000)


def test_a_front_of_three_objectives_holds_what_is_frugal() -> None:
    """Though less accurate, and no more private."""
    sweep = SweepSpec.model_validate(
        SWEEP | {"objectives": {"test_accuracy": "maximize", "worst.auc": "minimize", "energy.flat": "minimize"}}
    )
    halves = {"protocol": HalvesProtocol(networks=4), "attacks": sweep.attacks}
    accurate = counted(make_completed("a" * 16, accuracy=0.9, auc=0.55, model="snn", **halves), spiking())
    frugal = counted(make_completed("b" * 16, accuracy=0.8, auc=0.55, **halves), conventional())
    beaten = counted(make_completed("c" * 16, accuracy=0.8, auc=0.60, model="snn", **halves), spiking())
    (task,) = tasks([accurate, frugal, beaten], sweep)
    assert task.front["trial_id"].tolist() == ["a" * 16, "b" * 16]
