"""The cohort of a trial: its trained networks, which may come from several trainings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from privsearch.errors import StudyError
from privsearch.study.blind import BlindSignals
from privsearch.study.fields import UNKNOWN_ENVIRONMENT
from privsearch.study.result import TrainedNetwork
from privsearch.study.signals import Signals

_NETWORK_ID: Final = re.compile("n[0-9a-f]{16}-[0-9]{1,5}")


def is_network_id(name: str) -> bool:
    """Tell whether a text has the form of a network's key (`TrialSpec.network_ids`)."""
    return _NETWORK_ID.fullmatch(name) is not None


@dataclass(frozen=True)
class Training:
    """The circumstances of a network's training.

    Attributes:
        network_id: the network's key (`TrialSpec.network_ids`); empty if it was trained before there were such keys.
        environment: the versions and the processor that it was trained with.
        seconds: the seconds of its training and queries; 0 if they are not known.
    """

    network_id: str = ""
    environment: str = UNKNOWN_ENVIRONMENT
    seconds: float = 0.0


@dataclass(frozen=True)
class Cohort:
    """Trained networks of a trial, as far as present and future attacks need them.

    Attributes:
        signals: the outputs that attacks see.
        networks: the accuracies and the training history of each network.
        trainings: the circumstances of each network's training; empty if nothing is known of them.
        blind: what blind baselines are computed from; None if they are not needed, or were not measured.
    """

    signals: Signals
    networks: tuple[TrainedNetwork, ...]
    trainings: tuple[Training, ...] = ()
    blind: BlindSignals | None = None

    @property
    def network_ids(self) -> tuple[str, ...]:
        """The keys of the networks, in order; empty if they were trained before there were such keys."""
        return tuple(training.network_id for training in self.trainings if training.network_id)

    @property
    def environments(self) -> tuple[str, ...]:
        """The distinct environments of the trainings, that of the first network first."""
        return tuple(dict.fromkeys(training.environment for training in self.trainings)) or (UNKNOWN_ENVIRONMENT,)

    @property
    def seconds(self) -> float:
        """The seconds of all trainings and queries."""
        return sum(training.seconds for training in self.trainings)

    def part(self, chosen: Sequence[int]) -> "Cohort":
        """Return the networks with these indices alone, in this order."""
        return replace(
            self,
            signals=self.signals.of_networks(chosen),
            networks=tuple(self.networks[k] for k in chosen),
            trainings=tuple(self.trainings[k] for k in chosen) if self.trainings else (),
            blind=replace(self.blind, untrained=self.blind.untrained.of_networks(chosen)) if self.blind else None,
        )


def join(parts: Sequence[Cohort]) -> Cohort:
    """Join cohorts of one trial's networks into one.

    Args:
        parts: at least one, whose examples are the same.

    Raises:
        StudyError: the examples or the kinds of outputs differ, so that they are no parts of one trial.
    """
    if len(parts) == 1:
        return parts[0]
    if not are_parts(parts):
        raise StudyError("the networks of a trial must have been asked about the same examples, but were not")
    blinds = [part.blind for part in parts if part.blind]
    return Cohort(
        _joined([part.signals for part in parts]),
        tuple(network for part in parts for network in part.networks),
        tuple(training for part in parts for training in part.trainings),
        replace(blinds[0], untrained=_joined([blind.untrained for blind in blinds])) if blinds else None,
    )


def are_parts(cohorts: Sequence[Cohort]) -> bool:
    """Tell whether cohorts can be joined: their examples, and the kinds of their outputs, are the same."""
    first, *others = cohorts
    same_kind = all((cohort.blind is None) == (first.blind is None) for cohort in others)
    return same_kind and all(_alike(first.signals, other.signals) for other in others)


def _alike(one: Signals, other: Signals) -> bool:
    return (
        (one.num_train, one.logits_from) == (other.num_train, other.logits_from)
        and np.array_equal(one.rows, other.rows)
        and np.array_equal(one.labels, other.labels)
        and one.group_names == other.group_names
        and np.array_equal(
            one.rows if one.groups is None else one.groups, other.rows if other.groups is None else other.groups
        )
        and np.array_equal(
            one.rows if one.units is None else one.units, other.rows if other.units is None else other.units
        )
        and {key: array.shape[1:] for key, array in one.outputs.items()}
        == {key: array.shape[1:] for key, array in other.outputs.items()}
    )


def _joined(parts: Sequence[Signals]) -> Signals:
    outputs = {key: np.concatenate([part.outputs[key] for part in parts]) for key in parts[0].outputs}
    return replace(parts[0], outputs=outputs, is_member=np.concatenate([part.is_member for part in parts]))
