import pytest
from builders import make_completed

from privsearch.study.result import Death, parse_result
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.failures import given_up

TRIAL = PlannedTrial("a" * 16, make_completed().spec, (), (), False, 1.0, 0)
DEATH = Death(
    cause="died",
    exit_code=None,
    signal=None,
    log_tail="last words",
    peak_memory_bytes=3 * 2**29,
    seconds=61.0,
    host="node7",
)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"exit_code": 3},
            "its worker ended with exit code 3; it held 1.50 GiB at most (2 attempts, host node7)",
        ),
        (
            {"signal": "SIGKILL"},
            "its worker was ended by SIGKILL, as the system does where memory runs out; it held 1.50 GiB at most (2 "
            "attempts, host node7)",
        ),
        (
            {"signal": "SIGSEGV", "peak_memory_bytes": None},
            "its worker was ended by SIGSEGV (2 attempts, host node7)",
        ),
        (
            {"peak_memory_bytes": None, "host": ""},
            "its worker and the process that watched it are gone (2 attempts, host unknown)",
        ),
        (
            {"cause": "timeout", "signal": "SIGKILL"},
            "the trial was ended after 61 s, as the sweep's timeout says; it held 1.50 GiB at most (2 attempts, host "
            "node7)",
        ),
    ],
)
def test_a_trial_that_was_given_up_says_why(how: dict[str, object], message: str) -> None:
    """The message stands alone, and the evidence is in the record."""
    death = DEATH.model_copy(update=how)
    failed = given_up(TRIAL, 2, death)
    assert failed.message == message
    assert failed.error == ("TrialTimeout" if death.cause == "timeout" else "WorkerDied")
    assert (failed.trial_id, failed.attempts, failed.seconds) == (TRIAL.trial_id, 2, 61.0)
    assert parse_result(failed.model_dump_json()) == failed
