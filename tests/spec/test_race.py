from typing import Any

import pytest
from pydantic import ValidationError

from privsearch.errors import SpecError
from privsearch.spec import HalvesProtocol, OneRunProtocol, PaperProtocol, Protocol, TrialSpec
from privsearch.spec.sweep_file import read_sweep

SWEEP = {"name": "a", "datasets": ["iris"], "grids": {"g": {"model": ["ann"]}}, "attacks": ["loss"]}


def sweep_of(protocol: Any) -> Protocol:
    (read,) = read_sweep({**SWEEP, "protocol": protocol}).protocol
    return read


@pytest.mark.parametrize(
    ("protocol", "first", "later"),
    [
        ({"kind": "halves", "networks": {"from": 4, "to": 12}}, {"networks": 4}, {"networks_per_attack": 4}),
        (
            {"kind": "halves", "networks": {"from": 8, "to": 12, "step": 4}, "networks_per_attack": 4},
            {"networks_per_attack": 4},
            {"networks_per_attack": 4},
        ),
        ({"kind": "one_run", "replicates": {"from": 4, "to": 12}}, {"replicates": 4}, {}),
    ],
)
def test_trials_of_a_race_have_numbers(protocol: Any, first: dict[str, Any], later: dict[str, Any]) -> None:
    """Those of the first round are of a sweep that asks for so many; later ones are attacked in blocks as large."""
    read = sweep_of(protocol)
    canonical = read.canonical(augments=False, has_own_test_split=False)
    assert canonical.raced is None
    assert canonical.meaning() == first
    assert canonical.with_count(12).meaning() == {canonical.counted: 12, **later}
    assert canonical.with_count(12) == read.with_count(12)


def test_a_race_is_written_where_it_is_read() -> None:
    """In the place of the number, in YAML and in plain values."""
    sweep = read_sweep({**SWEEP, "protocol": {"kind": "halves", "networks": {"from": 4, "to": 32, "minutes": 5}}})
    assert "networks: {from: 4, to: 32, minutes: 5.0}" in sweep.to_yaml()
    assert read_sweep(sweep.model_dump(mode="json")) == sweep
    assert "race" not in HalvesProtocol().model_dump()
    assert sweep.protocol[0].raced is not None
    assert sweep.protocol[0].raced.counts == (4, 8, 12, 16, 20, 24, 28, 32)


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({"from": 8, "to": 4}, "networks: must go from fewer to more, but goes from 8 to 4; write a larger `to`"),
        ({"from": 4, "to": 30}, "do not give 30; nearest valid `to`: 28 or 32"),
        ({"from": 6, "to": 18, "step": 4}, "must grow by whole blocks of 6 networks"),
        ({"from": 5, "to": 15}, "networks: must be an even integer from 4 to 10000"),
        ({"from": 4}, "networks.to: this field must be given, but is missing"),
        ({"from": 4, "to": 8, "steps": 4}, "networks.steps: the field must be one of from, to, step"),
        ({"from": 4, "to": 8, "minutes": 0}, "networks.minutes: must be a number above 0"),
    ],
)
def test_a_race_that_cannot_be_is_refused(networks: Any, said: str) -> None:
    """With the field, what must hold, and what to write in its place."""
    with pytest.raises(SpecError, match=r"protocol\.networks") as refused:
        sweep_of({"kind": "halves", "networks": networks})
    assert said in str(refused.value)


def test_a_trial_has_no_race() -> None:
    """A range of networks is a sweep's; each of its trials has a number of them."""
    race = HalvesProtocol.model_validate({"networks": {"from": 4, "to": 8}})
    with pytest.raises(ValidationError, match="must have a number in the place of a race"):
        TrialSpec(dataset="iris", model="ann", protocol=race)


def test_protocols_of_a_race_are_told_from_others() -> None:
    """Numbers of networks alone may differ; without blocks, more networks are a stronger attack."""
    four = HalvesProtocol(networks=4)
    assert four.raced_alike(HalvesProtocol(networks=12, networks_per_attack=4))
    assert not four.raced_alike(HalvesProtocol(networks=12))
    assert not four.raced_alike(HalvesProtocol(networks=12, networks_per_attack=4, dropout_queries=2))
    assert PaperProtocol(replicates=3).raced_alike(PaperProtocol(replicates=9))
    assert not PaperProtocol(replicates=3).raced_alike(OneRunProtocol(replicates=3))
