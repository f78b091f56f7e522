from typing import Any

import pytest
from pydantic import ValidationError

from privsearch.errors import SpecError
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.spec.columns import COSTS, Column
from privsearch.spec.energy import PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.sweep_file import read_sweep

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "halves", "attacks": ["loss"]}
SWEEP |= {"grids": {"a": {"model": ["ann", "snn"]}}}


def test_the_published_costs_are_those_of_their_sources() -> None:
    """Horowitz 2014 has 3.7 and 0.9 pJ in floating point, 0.2 for 8 by 8 bits, 3.1 and 0.1 for integers of 32."""
    flat, bits, memory = PUBLISHED_COSTS.flat, PUBLISHED_COSTS.bits, PUBLISHED_COSTS.memory
    assert flat.mac == pytest.approx(bits.float_multiply + bits.float_add)
    assert (flat.ac, bits.int8_multiply, bits.int32_add) == (0.9, 0.2, 0.1)
    # A multiplier grows with the product of its operands' bits, by which 32 by 32 bits cost nearly what Horowitz has.
    assert bits.int8_multiply * 32 * 32 / 64 == pytest.approx(memory.multiply, rel=0.04)
    # The SRAM of Horowitz: 10, 20 and 100 pJ at 8 kB, 32 kB and 1 MB, of which the line of Lemaire et al. is one fit.
    for kilobytes, picojoules in ((8, 10), (32, 20), (1024, 100)):
        fitted = memory.access + memory.access_per_bit * kilobytes * 1024 * 8
        assert fitted == pytest.approx(picojoules, abs=6)


def test_other_numbers_need_a_source() -> None:
    """A table is data with a source; one that says what is published anyway has one."""
    assert EnergyCosts.model_validate({"flat": {"mac": 4.6}}) == PUBLISHED_COSTS
    with pytest.raises(ValidationError, match="changes mac, ac without one"):
        EnergyCosts.model_validate({"flat": {"mac": 3.1, "ac": 0.2}})
    assert EnergyCosts.model_validate({"flat": {"mac": 3.1, "source": "a chip"}}).flat.ac == 0.9


def test_costs_are_no_part_of_a_trial() -> None:
    """Other costs train nothing again, and the published ones are not written into a sweep."""
    plain = SweepSpec.model_validate(SWEEP)
    priced = SweepSpec.model_validate(SWEEP | {"energy": {"bits": {"int32_add": 0.05, "source": "a chip"}}})
    of_both = [sweep.expand({"iris": "fcnet"}) for sweep in (plain, priced)]
    assert of_both[0] == of_both[1]
    assert "energy" not in plain.to_yaml(brief=True)
    assert SweepSpec.model_validate(read_sweep({**SWEEP, "energy": priced.energy.model_dump()})) == priced


def test_an_energy_is_no_number_of_an_attack_called_energy() -> None:
    """Nor is that attack's AUC an energy, in a study of before."""
    energy = Column.parse("energy.flat")
    assert (energy.attack, str(energy.sd), energy.is_energy) == (None, "energy.flat_sd", True)
    assert Column.parse("energy.bits_once_low").attack is None
    auc = Column.parse("energy.auc")
    assert (auc.attack, auc.is_auc, auc.is_energy) == ("energy", True, False)


@pytest.mark.parametrize(
    ("models", "lacking"), [(["ann"], {"firing_rate"}), (["ann", "snn"], {"firing_rate"}), (["snn"], set[str]())]
)
def test_an_objective_is_a_cost_that_all_trials_have(models: list[str], lacking: set[str]) -> None:
    """Each with its spread."""
    sweep = SweepSpec.model_validate(SWEEP | {"grids": {"a": {"model": models}}})
    there = set(sweep.objective_columns())
    assert {cost for cost in COSTS if cost not in there} == lacking
    assert all(f"{cost}_sd" in there for cost in COSTS if cost not in lacking)


def test_costs_of_a_users_model_are_unknown() -> None:
    """Whose layers may compute anything."""
    from privsearch import register_model

    register_model("priced_by_nobody", lambda shape, classes, _: None)  # type: ignore[arg-type,return-value]
    fields = SWEEP | {"grids": {"a": {"model": ["ann", "priced_by_nobody"]}}}
    objectives = {"test_accuracy": "maximize", "energy.flat": "minimize"}
    with pytest.raises(SpecError, match="a registered model's operations are unknown"):
        read_sweep({**fields, "objectives": objectives})


def test_costs_are_to_be_low() -> None:
    """Whoever wants much of them is told; a firing rate may be either."""
    assert Column.parse("energy.memory").better == Column.parse("macs").better == "minimize"
    assert Column.parse("firing_rate").better is None
    assert Column.parse("firing_rate").bounds == (0, 1)


def test_a_protocol_of_one_target_has_no_spread_of_costs() -> None:
    """As of any other mean."""
    sweep = SweepSpec.model_validate(SWEEP | {"protocol": {"kind": "one_run"}})
    assert "energy.flat" in sweep.objective_columns()
    assert "energy.flat_sd" not in sweep.objective_columns()
    assert HalvesProtocol().targets > 1
