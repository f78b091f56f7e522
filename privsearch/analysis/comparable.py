"""The trials of a study that can be compared with each other, found by id or by name."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from privsearch.analysis.lookup import EVERYWHERE, Within, find_trial_id, known_trials, listed
from privsearch.errors import StudyError
from privsearch.spec import TrialSpec
from privsearch.study.result import Completed, TrialResult

_PAIRED_BY: Final = ("dataset", "protocol", "seed")


def choose_trials(
    results: Iterable[TrialResult],
    a: str,
    others: Sequence[str] = (),
    *,
    within: Within = EVERYWHERE,
) -> tuple[Completed, list[Completed]]:
    """Find a trial, and the trials to compare with it.

    Args:
        results: the trials of one study.
        a: the id of a trial, the beginning of one, or the name of a configuration.
        others: the same of others; empty for all completed trials that can be compared with the first.
        within: the dataset and the protocol that `a` is of, where its name is that of several trials.

    Raises:
        StudyError: one means none or several of the trials; a trial has failed; or two have different datasets,
            protocols or seeds, so that their targets are not paired.
    """
    results = list(results)
    first = find_completed(a, results, within=within)
    completed = [result for result in results if isinstance(result, Completed)]
    fitting = [other for other in completed if other is not first and not _unlike(first.spec, other.spec)]
    if not others and not fitting:
        raise StudyError(
            f"{first.trial_id}: must have a completed trial of the same dataset, protocol and seed beside it, but is "
            "the only one of this study; sweep another axis"
        )
    found = (find_completed(other, results, fitting, beside=first.spec) for other in others)
    chosen = {trial.trial_id: trial for trial in found}
    for other in chosen.values():
        if other is first:
            raise StudyError(f"{first.trial_id}: must be set beside another trial, not itself; {_would_do(a, fitting)}")
        if unlike := _unlike(first.spec, other.spec):
            raise StudyError(
                f"{first.trial_id} and {other.trial_id}: trials that are compared must share dataset, protocol and "
                f"seed, as only then are their targets paired, but got {unlike}; {_would_do(a, fitting)}"
            )
    return first, list(chosen.values()) or fitting


def find_completed(
    asked: str,
    results: Sequence[TrialResult],
    fitting: Sequence[Completed] | None = None,
    *,
    beside: TrialSpec | None = None,
    within: Within = EVERYWHERE,
) -> Completed:
    """Find the completed trial that is asked for.

    Args:
        asked: its id, the beginning of that, or the name of its configuration.
        results: the trials of one study.
        fitting: the trials that the error suggests; by default all completed ones.
        beside: a trial to compare it with: a name is that of its task, if there is one there.
        within: the dataset and the protocol to look in.

    Raises:
        StudyError: none or several of the trials are meant, or the trial has failed.
    """
    by_id = {result.trial_id: result for result in results}
    suggested = [result for result in results if isinstance(result, Completed)] if fitting is None else fitting
    specs, ids = {trial_id: result.spec for trial_id, result in by_id.items()}, [r.trial_id for r in suggested]
    result = by_id[find_trial_id(asked, specs, ids, beside=beside, within=within)]
    if not isinstance(result, Completed):
        raise StudyError(
            f"{result.trial_id}: must be a completed trial, but it failed ({result.error}: {result.message}); "
            + _would_do(asked, suggested)
        )
    return result


def _unlike(one: TrialSpec, other: TrialSpec) -> str:
    """Name the fields that keep the targets of two trials from being paired; empty if there are none."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in _PAIRED_BY}
    if one.protocol.raced_alike(other.protocol):
        del pairs["protocol"]
    return ", ".join(f"{name} {_value_words(x)} against {_value_words(y)}" for name, (x, y) in pairs.items() if x != y)


def _value_words(value: Any) -> str:
    return getattr(value, "name", None) or str(value)


def _would_do(asked: str, fitting: Sequence[Completed]) -> str:
    return f"these would do: {listed(asked, known_trials({result.trial_id: result.spec for result in fitting}))}"
