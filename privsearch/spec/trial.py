"""The trial, one point of the cross-product: `TrialSpec` holds everything that its numbers depend on."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from privsearch.spec.attacks import Attack, SvmAttack
from privsearch.spec.axes import AXES, FIRST_SPIKING, FIRST_STATE, Axes, canonical_axes
from privsearch.spec.datasets import Dataset, Network, dataset_name
from privsearch.spec.logits import NetworkKind, distinct_attacks, network_kind
from privsearch.spec.paper_protocol import PaperProtocol
from privsearch.spec.protocols import Protocol

NUMERICS_VERSION: Final = 5
"""The version of the numerics, raised whenever the same TrialSpec gives other numbers; a part of every trial_id."""


def _without_race(protocol: Protocol) -> Protocol:
    """Check that a trial's protocol has a number of networks."""
    if protocol.raced:
        raise PydanticCustomError("protocol_rule", "must have a number in the place of a race, which is a sweep's")
    return protocol


class TrialSpec(Axes):
    """A configuration, with all of its replicates."""

    dataset: Dataset
    protocol: Annotated[Protocol, AfterValidator(_without_race)] = PaperProtocol()
    attacks: tuple[Attack, ...] = Field((SvmAttack(),), min_length=1, strict=False)
    seed: int = Field(0, ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1")

    @field_validator("attacks")
    @classmethod
    def _each_once(cls, attacks: tuple[Attack, ...], info: ValidationInfo) -> tuple[Attack, ...]:
        _, logits_from = network_kind({"model": info.data.get("model"), "readout": info.data.get("readout")})
        return distinct_attacks(attacks, logits_from)

    @property
    def network_kind(self) -> NetworkKind:
        """The model, and which of the networks' outputs are their logits: what they are trained by and answer with."""
        return network_kind({"model": self.model, "readout": self.readout})

    @property
    def dataset_name(self) -> str:
        """The name of the dataset in tables, plots and overrides."""
        return dataset_name(self.dataset)

    def axes(self) -> dict[str, Any]:
        """Return the values of this trial's axes, by name, in the order of `AXES`."""
        return {axis: getattr(self, axis) for axis in AXES}

    def canonical(
        self,
        network: Network,
        *,
        augments: bool = False,
        has_own_test_split: bool = True,
        num_steps: int | None = None,
    ) -> Self:
        """Return the same trial without the values that have no effect on a network of this kind and its data.

        Two trials that train the same networks have the same canonical form.

        Args:
            network: the kind of network that the dataset takes.
            augments: True if the dataset is augmented in training.
            has_own_test_split: True if the data come with a test split; some protocols split others anew for each
                target, unless they are told not to.
            num_steps: the time steps of inputs over time; None for other data.
        """
        protocol = self.protocol.canonical(augments=augments, has_own_test_split=has_own_test_split)
        canonical = self.with_axes(canonical_axes(self.axes(), network, num_steps))
        return canonical.model_copy(update={"protocol": protocol})

    def with_axes(self, axes: Mapping[str, Any]) -> Self:
        """Return the same trial with these values of some axes."""
        _, logits_from = network_kind({**self.axes(), **axes})
        return self.model_copy(update={**axes, "attacks": distinct_attacks(self.attacks, logits_from)})

    def trial_id(self, fingerprint: str, version: int = NUMERICS_VERSION, design: int | None = None) -> str:
        """Return the key under which this trial is recorded: 16 hexadecimal digits.

        It covers the axes, the protocol, the seed, the dataset's content (its `fingerprint`, whatever its path or
        name) and `NUMERICS_VERSION`. It leaves the attacks out: they read what the training gave, so a recorded
        trial can gain an attack without becoming another trial.

        Args:
            fingerprint: the fingerprint of the dataset's content.
            version: an earlier `NUMERICS_VERSION`, for the id that the trial had under it.
            design: an earlier `design` of the protocol, likewise; None for the present one.
        """
        return _digest(_WRITE(self._meaning(fingerprint, version, design or self.protocol.design)))

    def earlier_ids(self, fingerprint: str) -> set[str]:
        """Return the keys that this trial had under earlier versions of the numerics, or of its protocol's design."""
        versions, designs = range(1, NUMERICS_VERSION + 1), range(1, self.protocol.design + 1)
        return {self.trial_id(fingerprint, v, d) for v in versions for d in designs} - {self.trial_id(fingerprint)}

    def network_ids(self, fingerprint: str) -> tuple[str, ...]:
        """Return the key of each of this trial's networks, in the order of training.

        It is `n`, 16 hexadecimal digits that all networks of the configuration have, `-` and the network's index.
        The digits cover all that networks are trained and queried with, and not how many there are: the first
        networks of two trials that differ in this number are the same.

        Args:
            fingerprint: the fingerprint of the dataset's content.
        """
        return self.ids(fingerprint)[1]

    def ids(self, fingerprint: str) -> tuple[str, tuple[str, ...]]:
        """Return `trial_id` and `network_ids`, in less time than both take."""
        written = _WRITE(self._meaning(fingerprint, NUMERICS_VERSION, self.protocol.design))
        of_trial, of_networks = _written_protocol(self.protocol, self.model == "snn")
        common = _digest(written.replace(of_trial, of_networks, 1))
        return _digest(written), tuple([f"n{common}-{network}" for network in range(self.protocol.networks)])

    def _meaning(self, fingerprint: str, version: int, design: int) -> dict[str, Any]:
        return {
            "version": version,
            "dataset": fingerprint,
            "protocol": _protocol_meaning(self.protocol, self.model == "snn", design),
            "seed": self.seed,
            # Defaults are left out, so that a field that comes later, and is not used, leaves the ids as they are.
            **{axis: value for axis, unsaid in _UNSAID.items() if (value := getattr(self, axis)) not in unsaid},
        }


_UNSAID: Final = {
    axis: (field.default, {**FIRST_STATE, **FIRST_SPIKING}.get(axis)) for axis, field in Axes.model_fields.items()
}
_WRITE: Final = json.JSONEncoder(sort_keys=True, default=BaseModel.model_dump).encode


@cache
def _protocol_meaning(protocol: Protocol, spikes: bool, design: int) -> Mapping[str, Any]:
    """Return the fields of a protocol that a trial's id covers: all that make a difference to its training."""
    fields = {**({"design": design} if design > 1 else {}), **protocol.meaning(), "kind": protocol.kind}
    # Only spiking networks have a trajectory to keep.
    return {name: value for name, value in fields.items() if spikes or name != "mem_trajectory"}


@cache
def _written_protocol(protocol: Protocol, spikes: bool) -> tuple[str, str]:
    """Return a protocol as an id has it: all that makes a difference to the trial, and to any one network."""
    meaning = _protocol_meaning(protocol, spikes, protocol.design)
    shared = {name: value for name, value in meaning.items() if name not in protocol.beside_training}
    return f'"protocol": {_WRITE(meaning)}', f'"protocol": {_WRITE(shared)}'


def _digest(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()[:16]
