"""The trials of a study that can be compared with each other, found by the beginnings of their ids."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

from privsearch.errors import StudyError
from privsearch.spec import TrialSpec
from privsearch.study.result import Completed, TrialResult

_PAIRED_BY: Final = ("dataset", "protocol", "seed")
_MOST_IDS: Final = 5


def choose_trials(
    results: Iterable[TrialResult], a: str, others: Sequence[str] = ()
) -> tuple[Completed, list[Completed]]:
    """Find a trial, and the trials to compare with it.

    Args:
        results: the trials of one study.
        a: the id of a trial, or the beginning of one.
        others: ids or beginnings of ids; empty for all completed trials that can be compared with the first.

    Raises:
        StudyError: an id fits none or several of the trials; a trial has failed; or two have different datasets,
            protocols or seeds, so that their targets are not paired.
    """
    results = list(results)
    completed = [result for result in results if isinstance(result, Completed)]
    first = find_completed(a, results, completed)
    fitting = [other for other in completed if other is not first and not _unlike(first.spec, other.spec)]
    if not others and not fitting:
        raise StudyError(
            f"{first.trial_id}: must have a completed trial of the same dataset, protocol and seed beside it, but is "
            "the only one of this study; sweep another axis"
        )
    chosen = {trial.trial_id: trial for trial in (find_completed(other, results, fitting) for other in others)}
    for other in chosen.values():
        if other is first:
            raise StudyError(f"{first.trial_id}: must be set beside another trial, not itself; {_would_do(a, fitting)}")
        if unlike := _unlike(first.spec, other.spec):
            raise StudyError(
                f"{first.trial_id} and {other.trial_id}: trials that are compared must share dataset, protocol and "
                f"seed, as only then are their targets paired, but got {unlike}; {_would_do(a, fitting)}"
            )
    return first, list(chosen.values()) or fitting


def find_completed(beginning: str, results: Sequence[TrialResult], fitting: Sequence[Completed]) -> Completed:
    """Find the completed trial whose id has this beginning.

    Args:
        beginning: an id, or the beginning of one.
        results: the trials of one study.
        fitting: the trials that the error suggests.

    Raises:
        StudyError: an id fits none or several of the trials, or the trial has failed.
    """
    matches = [result for result in results if result.trial_id.startswith(beginning)]
    if len(matches) != 1:
        what = f"is the beginning of {len(matches)} trials" if matches else "names no trial"
        raise StudyError(
            f"{beginning}: must be the id, or the beginning of one id, of a trial of this study, but {what}; "
            + _would_do(beginning, [result for result in matches if isinstance(result, Completed)] or fitting)
        )
    (result,) = matches
    if not isinstance(result, Completed):
        raise StudyError(
            f"{result.trial_id}: must be a completed trial, but it failed ({result.error}: {result.message}); "
            + _would_do(beginning, fitting)
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


def _would_do(beginning: str, fitting: Sequence[Completed]) -> str:
    ids = [result.trial_id for result in fitting]
    near = get_close_matches(beginning, ids, n=_MOST_IDS, cutoff=0)
    more = f" and {len(ids) - len(near)} more" if len(ids) > len(near) else ""
    return f"ids that would do: {', '.join(near) or 'none'}{more}"
