"""The trials without numbers, and the reasons: failed, dead networks, refused attacks, not run yet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TypedDict

from privsearch._util.text import printable
from privsearch.analysis.learning import learning_of
from privsearch.report.page.budget import MOST_FAILURES, MOST_IDS, MOST_TRACEBACK
from privsearch.report.page.columns import short
from privsearch.study.result import Completed, Death, Failed, TrialResult


class Failure(TypedDict):
    """A failed trial."""

    trial_id: str
    dataset: str
    configuration: str
    error: str
    message: str
    attempts: int
    seconds: float
    host: str
    finished_at: str
    evidence: list[str]
    traceback: str


class Failures(TypedDict):
    """The section of failures.

    Attributes:
        failed: the failed trials that are shown in full.
        num_failed: the number of all failed trials.
        said: sentences on other missing numbers and the reasons.
        dead: the trials with a dead network.
        at_chance: the other trials with a network that has not learnt.
        waiting: the listed trials that have not been run.
        num_waiting: the number of all trials that have not been run.
    """

    failed: list[Failure]
    num_failed: int
    said: list[str]
    dead: list[dict[str, str]]
    at_chance: list[dict[str, str]]
    waiting: list[dict[str, str]]
    num_waiting: int


def failures(trials: Mapping[str, str], results: Sequence[TrialResult], words: Mapping[str, str]) -> Failures:
    """Return the section of a study's failures.

    Args:
        trials: the dataset's name of every trial asked for, by trial_id.
        results: the recorded results.
        words: the configuration of each result in words, by trial_id.
    """
    failed = [result for result in results if isinstance(result, Failed)]
    completed = [result for result in results if isinstance(result, Completed)]
    finished = {result.trial_id for result in results}
    waiting = [{"trial_id": i, "dataset": dataset} for i, dataset in trials.items() if i not in finished]
    dead = [
        {
            "trial_id": result.trial_id,
            "dataset": result.spec.dataset_name,
            "configuration": words[result.trial_id],
            "networks": ", ".join(str(network + 1) for network in result.dead or ()),
        }
        for result in completed
        if learning_of(result) == "dead"
    ]
    at_chance = [
        {
            "trial_id": result.trial_id,
            "dataset": result.spec.dataset_name,
            "configuration": words[result.trial_id],
            "train_accuracy": f"{fmean(replicate.target.train_accuracy for replicate in result.replicates):.3f}",
        }
        for result in completed
        if learning_of(result) == "not learnt"
    ]
    return {
        "failed": [_failure(result, words[result.trial_id]) for result in failed[:MOST_FAILURES]],
        "num_failed": len(failed),
        "said": [*_refused(completed), *_unkept(completed)],
        "dead": dead[:MOST_FAILURES],
        "at_chance": at_chance[:MOST_FAILURES],
        "waiting": waiting[:MOST_IDS],
        "num_waiting": len(waiting),
    }


def _failure(result: Failed, words: str) -> Failure:
    return {
        "trial_id": result.trial_id,
        "dataset": result.spec.dataset_name,
        "configuration": words,
        "error": result.error,
        "message": result.message[:MOST_TRACEBACK],
        "attempts": result.attempts,
        "seconds": short(result.seconds),
        "host": result.host,
        "finished_at": result.finished_at,
        "evidence": _evidence(result.death) if result.death else [],
        "traceback": result.traceback[-MOST_TRACEBACK:],
    }


def _evidence(death: Death) -> list[str]:
    """Return how the worker of a failed trial ended, and the last lines it wrote."""
    ended = "ended because the trial took too long" if death.cause == "timeout" else "died"
    how = death.signal or (f"exit code {death.exit_code}" if death.exit_code is not None else "cause not known")
    memory = death.peak_memory_bytes
    lines = [f"The worker {ended} after {death.seconds:.1f} s on {death.host}: {how}."]
    if memory is not None:
        lines.append(f"It held at most {memory / 1e6:.0f} MB of memory.")
    if death.log_tail:
        lines.append(f"The last that it wrote: {printable(death.log_tail[-MOST_TRACEBACK:])}")
    return lines


def _refused(completed: Sequence[Completed]) -> list[str]:
    reasons = Counter((attack, reason) for result in completed for attack, reason in result.refused.items())
    return [f"{attack} could not be run on {_trials(n)}: {reason}." for (attack, reason), n in reasons.items()]


def _unkept(completed: Sequence[Completed]) -> list[str]:
    reasons = Counter(result.unkept for result in completed if result.unkept)
    return [f"The signals of {_trials(n)} could not be kept: {reason}." for reason, n in reasons.items()]


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"
