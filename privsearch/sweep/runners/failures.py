"""The result of a trial whose workers died or took too long, with a message that says what happened."""

from privsearch.study.result import Death, Failed
from privsearch.sweep.planned import PlannedTrial


def given_up(trial: PlannedTrial, attempts: int, death: Death) -> Failed:
    """Return the result of a trial that is given up after `attempts` attempts, of which the last ended in `death`."""
    return Failed(
        trial_id=trial.trial_id,
        spec=trial.spec,
        error="WorkerDied" if death.cause == "died" else "TrialTimeout",
        message=_message(attempts, death),
        traceback="",
        attempts=attempts,
        death=death,
        seconds=death.seconds,
        host=death.host,
    )


def ended_by(name: str) -> str:
    """Return the words on a process that a signal has ended, by the signal's name, with what may have sent it."""
    return f"was ended by {name}" + (", as the system does where memory runs out" if name == "SIGKILL" else "")


def _message(attempts: int, death: Death) -> str:
    tried = f"{attempts} attempt{'s' if attempts > 1 else ''}"
    memory = "" if death.peak_memory_bytes is None else f"; it held {death.peak_memory_bytes / 2**30:.2f} GiB at most"
    return f"{_what_happened(death)}{memory} ({tried}, host {death.host or 'unknown'})"


def _what_happened(death: Death) -> str:
    if death.cause == "timeout":
        return f"the trial was ended after {death.seconds:.0f} s, as the sweep's timeout says"
    if death.signal:
        return f"its worker {ended_by(death.signal)}"
    if death.exit_code is None:
        return "its worker and the process that watched it are gone"
    return f"its worker ended with exit code {death.exit_code}"
