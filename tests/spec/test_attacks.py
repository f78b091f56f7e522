"""The attacks that a sweep may name, and the names of their columns."""

from itertools import product
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from privsearch.spec import Attack, HalvesProtocol, LiraAttack, PaperProtocol, Protocol, TrialSpec
from privsearch.spec.attacks import Means, Mode, Variance, unmet_requirement
from privsearch.spec.recorded import RecordedSpec

ANY: TypeAdapter[Attack] = TypeAdapter(Attack)

EVERY_LIRA = [
    LiraAttack(mode=mode, variance=variance, means=means)
    for mode, variance, means in product(get_args(Mode), get_args(Variance), get_args(Means))
]


@pytest.mark.parametrize(
    ("mode", "variance", "name"),
    [
        ("online", "pooled", "lira"),
        ("offline", "pooled", "lira_offline"),
        ("online", "per_example", "lira_per_example"),
        ("offline", "per_example", "lira_offline_per_example"),
    ],
)
def test_a_recorded_lira_is_what_it_was(mode: str, variance: str, name: str) -> None:
    """Records from before there were shrunken means have each example's own, under the names that they have."""
    recorded = {"kind": "lira", "mode": mode, "variance": variance, "signals": "final_mem", "queries": "plain"}
    trial = {"dataset": "iris", "model": "snn", "protocol": {"kind": "halves"}, "attacks": [recorded]}
    (attack,) = TypeAdapter[TrialSpec](RecordedSpec).validate_python(trial).attacks
    assert isinstance(attack, LiraAttack)
    assert (attack.name, attack.variance, attack.means) == (name, variance, "per_example")


@pytest.mark.parametrize("given", ["lira", {"kind": "lira"}, {"kind": "lira", "variance": "shrunken"}])
def test_by_default_lira_shrinks_and_says_so(given: Any) -> None:
    """The column of the default is not that of the attack that was the default before."""
    attack = ANY.validate_python(given)
    assert attack == LiraAttack(variance="shrunken", means="shrunken")
    assert attack.name == "lira_shrunken"


TRAJECTORY = {"kind": "lira", "signals": "mem_trajectory"}


@pytest.mark.parametrize(
    ("attack", "protocol", "model", "reason"),
    [
        (TRAJECTORY, HalvesProtocol(), "snn", "give the protocol halves mem_trajectory: true"),
        (TRAJECTORY, HalvesProtocol(networks=4, mem_trajectory=True), "snn", "with 6 networks or more, not 4"),
        (TRAJECTORY, HalvesProtocol(mem_trajectory=True), "ann", "needs a spiking network"),
        (TRAJECTORY, PaperProtocol(), "snn", "add halves to protocol"),
        ({**TRAJECTORY, "mode": "offline"}, HalvesProtocol(mem_trajectory=True), "snn", "must have mode: online"),
        ({**TRAJECTORY, "variance": "per_example"}, HalvesProtocol(mem_trajectory=True), "snn", "shrunken or pooled"),
        (TRAJECTORY, HalvesProtocol(mem_trajectory=True), "snn", None),
    ],
)
def test_what_a_trajectory_needs_is_told(attack: Any, protocol: Protocol, model: str, reason: str | None) -> None:
    """A reason with its remedy for each thing that is missing, and none where all is there."""
    found = unmet_requirement(ANY.validate_python(attack), protocol, model)
    assert (found is None) == (reason is None)
    assert (reason or "") in (found or "")


def test_every_lira_has_a_name_of_its_own_and_is_read_back() -> None:
    """No two settings share a column, and what is written is what is read."""
    assert len({attack.name for attack in EVERY_LIRA}) == len(EVERY_LIRA)
    for attack in EVERY_LIRA:
        assert ANY.validate_json(ANY.dump_json(attack)) == attack
