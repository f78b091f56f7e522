"""Blind baselines in words: what tells the splits apart without any training, and what follows from it."""

from collections.abc import Iterable, Iterator, Sequence

from privsearch._util.interval import Interval
from privsearch.analysis.blind import BlindFinding, UntrainedFinding, blind_findings
from privsearch.study.blind import InputsBaseline
from privsearch.study.result import TrialResult


def given_splits_words(datasets: Sequence[str]) -> str:
    """Return a note, to be read before a sweep, on datasets whose own test splits are taken as given.

    Args:
        datasets: their names, at least one.
    """
    return (
        f"{', '.join(datasets)}: under paper, a test split that came with the data is taken as given; blind "
        "baselines will be measured, which tell whether it differs from the training split"
    )


def blind_lines(results: Iterable[TrialResult]) -> list[str]:
    """Return sentences on the blind baselines of each dataset and protocol that needs them, warnings among them."""
    return [f"{_task(finding)}: {sentence}" for finding in blind_findings(results) for sentence in _sentences(finding)]


def blind_warnings(results: Iterable[TrialResult]) -> list[str]:
    """Return a warning for each dataset and protocol whose splits can be told apart without any training."""
    return [f"{_task(finding)}: {warning}" for finding in blind_findings(results) for warning in _warning(finding)]


def _task(finding: BlindFinding) -> str:
    return f"{finding.dataset}, {finding.protocol}"


def _sentences(finding: BlindFinding) -> Iterator[str]:
    if finding.inputs or finding.untrained or finding.refused:
        parts = [_inputs_words(finding.inputs), *_untrained_words(finding.untrained)]
        yield f"Blind baselines: {'; '.join(parts)}."
    for attack, reason in finding.refused.items():
        yield f"{attack} could not be run on the untrained networks: {reason}."
    if finding.unmeasured:
        yield (
            f"Blind baselines were not measured for {finding.unmeasured} trials, which an earlier version ran; "
            "they say whether this test split differs from the training split."
        )
    yield from _warning(finding)


def _warning(finding: BlindFinding) -> Iterator[str]:
    if finding.explained_auc is not None:
        yield (
            f"WARNING: the splits differ without any training. Under {finding.protocol} an AUC of up to "
            f"{finding.explained_auc:.3f} (an excess of up to {finding.explained_auc - 0.5:.3f}) may come of that "
            "alone, and is no evidence of leakage; use the protocol halves, or resplit: true."
        )


def _inputs_words(inputs: InputsBaseline | None) -> str:
    if inputs is None:
        return "the splits have too few examples for a classifier on the inputs"
    return (
        f"the inputs alone tell the training split from the test split with an AUC of {_interval(inputs.auc)} "
        f"({inputs.num_members} members, {inputs.num_non_members} non-members)"
    )


def _untrained_words(untrained: UntrainedFinding | None) -> Iterator[str]:
    if untrained is None:
        return
    attacks = "1 attack" if untrained.looks == 1 else f"{untrained.looks} attacks"
    yield (
        f"of {attacks} on untrained targets the one farthest from guessing, {untrained.attack}, has "
        f"{_interval(untrained.auc)}, its placebo {untrained.placebo:.3f}"
    )


def _interval(interval: Interval) -> str:
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
