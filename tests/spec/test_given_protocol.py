import pytest
from pydantic import ValidationError

from privsearch.spec import GivenProtocol, LiraAttack, OutputsDataset, SweepSpec, TrialSpec
from privsearch.spec.attacks import unmet_requirement
from privsearch.spec.protocols import TRAINABLE

DATASET = OutputsDataset(name="mine", digest="0" * 16)


def test_audited_networks_are_targets_and_references_are_not() -> None:
    """The references come last."""
    protocol = GivenProtocol(audited=3, references=2)
    assert (protocol.targets, protocol.networks, protocol.target_networks) == (3, 5, [0, 1, 2])
    assert GivenProtocol(same_members=True).targets_share_examples
    assert "2 reference networks as shadows" in protocol.summary


def test_what_attacks_need_is_known_where_they_are_run() -> None:
    """Nothing is refused before, but what no outputs can have."""
    protocol = GivenProtocol()
    assert unmet_requirement(LiraAttack(), protocol, "forest-v1") is None
    assert "spiking" in (unmet_requirement(LiraAttack(signals="spike_counts"), protocol, "forest-v1") or "")


def test_no_sweep_can_ask_for_it() -> None:
    """It is not among the protocols to train under, and a sweep of outputs is told what to do instead."""
    assert "given" not in TRAINABLE
    fields = {"name": "mine", "datasets": (DATASET,), "grids": {"all": {"model": ("ann",)}}}
    with pytest.raises(ValidationError, match="audit them with privsearch audit"):
        SweepSpec.model_validate({**fields, "protocol": (GivenProtocol(),), "attacks": ("loss",)})


def test_a_trial_of_it_has_an_id_of_its_protocol() -> None:
    """One more reference is another trial."""
    specs = [TrialSpec(dataset=DATASET, model="mine-v1", protocol=GivenProtocol(references=k)) for k in range(2)]
    assert len({spec.trial_id("content") for spec in specs}) == 2
