"""The training curves of a trial's networks: loss and accuracy, epoch by epoch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from privsearch.report.page.budget import WORDS, fitting
from privsearch.report.page.columns import shortened
from privsearch.spec.protocol_spec import ROLES
from privsearch.study.result import Completed, TrainedNetwork


class Network(TypedDict):
    """The training of one network, a number an epoch."""

    name: str
    loss: list[float]
    accuracy: list[float]


class TrialCurves(TypedDict):
    """The networks of one trial.

    Attributes:
        trial_id: the id of the trial.
        targets: the targets in words, for the key.
        networks: the networks, target by target.
    """

    trial_id: str
    targets: str
    networks: list[Network]


class Curves(TypedDict):
    """The section of training curves.

    Attributes:
        trials: the trials that fit into the room.
        left_out: the number of trials left out, and the reason; empty if none is.
    """

    trials: list[TrialCurves]
    left_out: str


def curves(results: Mapping[str, Completed], order: Sequence[str], room: float) -> Curves:
    """Return the training curves of as many trials as fit into the room, in the given order."""
    shown = list(fitting((_trial(results[trial_id]) for trial_id in order), room - WORDS))
    missing = len(order) - len(shown)
    message = (
        f"To keep this page small, {missing} of {len(order)} trials have no training curves here: those less likely to "
        "be on a front. trials.jsonl has all."
    )
    return {"trials": shown, "left_out": message if missing else ""}


def _trial(result: Completed) -> TrialCurves:
    targets = "targets, each a shadow of the others" if result.spec.protocol.targets_are_shadows else "targets"
    return {"trial_id": result.trial_id, "targets": targets, "networks": list(_networks(result))}


def _networks(result: Completed) -> Iterator[Network]:
    for number, replicate in enumerate(result.replicates, start=1):
        for role, network in zip(ROLES, (replicate.target, replicate.shadow), strict=True):
            if network:
                yield _network(f"{role} {number}", network)


def _network(name: str, network: TrainedNetwork) -> Network:
    return {
        "name": name,
        "loss": shortened([epoch.loss for epoch in network.history]),
        "accuracy": shortened([epoch.accuracy for epoch in network.history]),
    }
