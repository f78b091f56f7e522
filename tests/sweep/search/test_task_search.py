from typing import Any

import pytest
from builders import make_completed
from counted_networks import conventional, counted

from privsearch.data import describe_dataset
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.sweep.search.task_search import search_tasks

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": {"kind": "halves", "networks": 4}}
SWEEP |= {"attacks": ["loss"], "search": {"trials": 4, "space": {"model": ["ann"], "weight_bit_width": [None, 4]}}}
SWEEP |= {"objectives": {"test_accuracy": "maximize", "energy.flat": "minimize"}}


@pytest.mark.parametrize(("energy", "factor"), [({}, 1), ({"flat": {"mac": 46.0, "source": "an old chip"}}, 10)])
def test_a_sampler_is_told_energies_by_the_costs_of_the_sweep(energy: dict[str, Any], factor: float) -> None:
    """And of what has none, nothing."""
    sweep = SweepSpec.model_validate(SWEEP | {"energy": energy})
    (search,) = search_tasks(sweep, {"iris": describe_dataset("iris")})
    plain = make_completed(protocol=HalvesProtocol(networks=4), attacks=sweep.attacks)
    outcome = search.outcome(counted(plain, conventional()))
    assert outcome is not None
    assert outcome["energy.flat"] == pytest.approx(factor * 4.6 * 52 / 1000)
    assert search.outcome(plain) is None
