"""ROC curves of a trial's attacks, from the signals that a study keeps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.attacks.protocols import rules_of
from privsearch.errors import DataError, MetricError, SpecError, StudyError, TrialError
from privsearch.report.page.budget import fitting
from privsearch.spec.attacks import needs_inputs
from privsearch.study.cohort import Cohort
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.study.signals import Signals

MOST_POINTS = 200
"""The most points of one target's curve; with more than three targets, they share three times as many."""


class Curve(TypedDict):
    """The ROC curve of one target, as counts: members and non-members above some thresholds, all of them at last."""

    members: list[int]
    non_members: list[int]


class AttackCurves(TypedDict):
    """The curves of one attack, one a target."""

    attack: str
    targets: list[Curve]


class TrialRoc(TypedDict):
    """The attacks of one trial."""

    trial_id: str
    attacks: list[AttackCurves]


class Roc(TypedDict):
    """The section of ROC curves.

    Attributes:
        trials: the trials with curves.
        left_out: the trials and the attacks without curves, and the reasons, in words.
    """

    trials: list[TrialRoc]
    left_out: list[str]


def roc(kept: KeptSignals | str, results: Mapping[str, Completed], order: Sequence[str], most: int, room: float) -> Roc:
    """Compute the curves of the first trials, in an order, whose signals are kept in the study's folder.

    Signals that a sweep keeps elsewhere are not opened: a page may be made of a stranger's study, whose sweep names any
    place.

    Args:
        kept: the signals in the study's folder, or the name of the storage elsewhere that has them.
        results: the completed trials.
        order: their ids, the most important first.
        most: so many trials at most, as attacks are computed again.
        room: bytes.
    """
    if isinstance(kept, str):
        return {"trials": [], "left_out": [f"This page opens no signals outside of the study; they are in {kept}."]}
    attacked = [trial_id for trial_id in order if results[trial_id].across]
    having = [trial_id for trial_id in attacked if kept.has(trial_id, results[trial_id].networks)]
    damaged: list[str] = []
    shown = list(fitting(_trials(kept, results, having[:most], damaged), room))
    counts = {
        "has no kept signals, from which the curves would be made": len(attacked) - len(having),
        "could not be attacked": len(order) - len(attacked),
        "has signals that do not fit what is recorded of it": len(damaged),
        "has no ROC curves here, which take time to compute (privsearch report --roc N shows more)": len(having)
        - len(shown)
        - len(damaged),
    }
    left_out = [_left_out_sentence(n, len(order), why) for why, n in counts.items() if n]
    return {"trials": shown, "left_out": left_out + _without_data([results[trial["trial_id"]] for trial in shown])}


def _without_data(shown: Sequence[Completed]) -> list[str]:
    """Say which attacks have no curves, as their inputs are not opened: a stranger's study may name any file."""
    attacks = dict.fromkeys(
        attack.name
        for result in shown
        for attack in result.spec.attacks
        if needs_inputs(attack) and attack.name in result.across
    )
    return [f"{name} has no curve: it reads the examples themselves, and this page opens no data." for name in attacks]


def _left_out_sentence(count: int, of: int, why: str) -> str:
    if count == 1:
        return f"1 of {of} trials {why}."
    plural = {"has ": "have ", "is ": "are "}
    start = next((word for word in plural if why.startswith(word)), "")
    return f"{count} of {of} trials {plural.get(start, '')}{why.removeprefix(start)}."


def _trials(
    kept: KeptSignals, results: Mapping[str, Completed], order: Sequence[str], damaged: list[str]
) -> Iterator[TrialRoc]:
    for trial_id in order:
        result = results[trial_id]
        try:
            cohort = kept.load(trial_id, result.networks)
        except StudyError:
            cohort = None
        if cohort is None or not _fits(cohort, result):
            damaged.append(trial_id)
            continue
        yield {"trial_id": trial_id, "attacks": list(_attacks(cohort.signals, result))}


def _fits(cohort: Cohort, result: Completed) -> bool:
    """Tell whether signals can be those of a result, as a stranger may have put other signals there."""
    signals, attack_result = cohort.signals, next(iter(result.replicates[0].attacks.values()))
    protocol = result.spec.protocol
    readable = all(("final_mem", queries) in signals.outputs for queries in protocol.queries)
    _, logits_from = result.spec.network_kind
    try:
        judged = rules_of(protocol).judged(signals, result.spec.seed)
    except DataError:  # there are too few examples for the protocol
        return False
    counted = len(judged) == attack_result.num_members + attack_result.num_non_members
    return len(signals.is_member) == protocol.networks and signals.logits_from == logits_from and readable and counted


def _attacks(signals: Signals, result: Completed) -> Iterator[AttackCurves]:
    rules = rules_of(result.spec.protocol)
    for attack in result.spec.attacks:
        if attack.name not in result.across or needs_inputs(attack):
            continue
        try:
            targets = list(rules.target_scores(signals, attack, result.spec.seed))
        except (MetricError, SpecError, TrialError, KeyError):
            # An attack that is not registered here, or a readout that a stranger's file does not have.
            continue
        points = MOST_POINTS if len(targets) <= 3 else max(40, 3 * MOST_POINTS // len(targets))
        yield {
            "attack": attack.name,
            "targets": [curve(scores, is_member, points) for scores, is_member in targets],
        }


def curve(scores: Float[Array, " n"], is_member: Bool[Array, " n"], most: int = MOST_POINTS) -> Curve:
    """Compute the ROC curve at every threshold, thinned to `most` points, evenly on a logarithmic axis.

    The first point (nobody accused) and the last (everybody) are kept, and every step at the lowest rates that fits.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    members = np.concatenate([[0], np.cumsum(is_member[order])[last_of_ties]])
    others = np.concatenate([[0], np.cumsum(~is_member[order])[last_of_ties]])
    kept = _thinned(others, most)
    return {"members": members[kept].tolist(), "non_members": others[kept].tolist()}


def _thinned(others: Int[Array, " n"], most: int) -> Int[Array, " k"]:
    """Return the indices of the points to keep: the lowest and the highest at each of some false positive rates."""
    rates = np.unique(others)
    if 2 * len(rates) > most:
        rates = np.unique(np.geomspace(1, max(int(others[-1]), 1), most // 2 - 1).astype(int))
    rates = np.unique([0, *rates])
    # A rate that ties jump over has the point before it.
    first, last = np.searchsorted(others, rates), np.searchsorted(others, rates, side="right") - 1
    return np.unique([0, *first[others[first] == rates], *last])
