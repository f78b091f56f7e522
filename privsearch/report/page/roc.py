"""ROC curves of a trial's attacks, as a study keeps them, or made from the signals that it keeps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from privsearch.report.page.budget import fitting
from privsearch.spec.attacks import needs_inputs
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.study.roc_curves import Curve, CurveArchive


class TargetCurve(TypedDict):
    """The curve of one target (`privsearch.study.roc_curves.Curve`)."""

    members: list[int]
    non_members: list[int]


class AttackCurves(TypedDict):
    """The curves of one attack, one a target."""

    attack: str
    targets: list[TargetCurve]


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


def roc(
    kept: KeptSignals | str,
    results: Mapping[str, Completed],
    order: Sequence[str],
    most: int,
    room: float,
    *,
    keep: bool = False,
) -> Roc:
    """Return the curves of the first trials, in an order, whose signals are kept in the study's folder.

    Signals that a sweep keeps elsewhere are not opened: a page may be made of a stranger's study, whose sweep names any
    place.

    Args:
        kept: the signals in the study's folder, or the name of the storage elsewhere that has them.
        results: the completed trials.
        order: their ids, the most important first.
        most: so many trials at most, as attacks are computed again where no curves are kept.
        room: bytes.
        keep: whether to keep what had to be computed, beside the signals.
    """
    if isinstance(kept, str):
        return {"trials": [], "left_out": [f"This page opens no signals outside of the study; they are in {kept}."]}
    attacked = [trial_id for trial_id in order if results[trial_id].across]
    having = [trial_id for trial_id in attacked if kept.has(trial_id, results[trial_id].networks)]
    damaged: list[str] = []
    shown = list(fitting(_trials(kept, results, having[:most], damaged, keep=keep), room))
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
    kept: KeptSignals, results: Mapping[str, Completed], order: Sequence[str], damaged: list[str], *, keep: bool
) -> Iterator[TrialRoc]:
    if kept.archive is None:
        return
    archive = CurveArchive(kept.archive)
    for trial_id in order:
        result = results[trial_id]
        names = [a.name for a in result.spec.attacks if a.name in result.across and not needs_inputs(a)]
        curves = archive.of(result)
        if not curves.keys() >= set(names):
            from privsearch.report.page.roc_from_signals import curves_from_signals  # with all attacks

            made = curves_from_signals(kept, result, names)
            if made is None:
                damaged.append(trial_id)
                continue
            if keep:
                archive.add(trial_id, made)
            curves |= {name: of_attack.targets for name, of_attack in made.items()}
        attacks = [_attack_curves(name, curves[name]) for name in names if name in curves]
        yield {"trial_id": trial_id, "attacks": attacks}


def _attack_curves(attack: str, targets: Sequence[Curve]) -> AttackCurves:
    return {"attack": attack, "targets": [{"members": c.members, "non_members": c.non_members} for c in targets]}
