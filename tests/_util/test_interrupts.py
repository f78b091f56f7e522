import os
import signal
import subprocess
import sys
import threading

import pytest

from privsearch._util.interrupts import ENDING, Interrupted, interruptible, unheeded, uninterrupted

pytestmark = pytest.mark.usefixtures("heeded")


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_asks_to_end_is_an_exception(number: signal.Signals) -> None:
    """It says which signal it was, and what the shell expects."""
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught, interruptible():
        signal.raise_signal(number)
    assert caught.value.number == number
    assert caught.value.exit_status == 128 + number
    assert signal.getsignal(number) is before


def test_an_interrupt_that_others_raise_counts_as_ctrl_c() -> None:
    """Libraries that are interrupted raise Python's own exception."""
    with pytest.raises(Interrupted) as caught, interruptible():
        raise KeyboardInterrupt
    assert caught.value.exit_status == 130


@pytest.mark.parametrize("number", ENDING)
def test_what_must_not_be_cut_short_is_not(number: signal.Signals) -> None:
    """The signal is heard at the end of the block, once, however often it came."""
    reached = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(number)
            signal.raise_signal(number)
            reached.append("the end")
        reached.append("beyond")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the end"]


@pytest.mark.parametrize("number", ENDING)
def test_whoever_says_that_it_ends_is_not_cut_short(number: signal.Signals) -> None:
    """A signal that comes then is not heard later either."""
    reached = []
    with interruptible():
        with unheeded():
            signal.raise_signal(number)
            reached.append("the end")
        reached.append("beyond")
    assert reached == ["the end", "beyond"]


def test_a_handler_that_another_library_sets_meanwhile_does_not_stay() -> None:
    """Ray takes SIGTERM for itself when it starts."""

    def work() -> None:
        with uninterrupted():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted), interruptible():
        work()


def test_what_the_caller_ignores_is_ignored() -> None:
    """A sweep under nohup survives its terminal."""
    code = (
        "import signal; from privsearch._util.interrupts import interruptible\n"
        "with interruptible(): signal.raise_signal(signal.SIGHUP)\n"
        "print('alive')"
    )
    for ignored in (signal.SIG_IGN, signal.SIG_DFL):
        done = subprocess.run(
            [sys.executable, "-c", f"import signal; signal.signal(signal.SIGHUP, {int(ignored)})\n{code}"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )
        assert (done.stdout == "alive\n") == (ignored == signal.SIG_IGN)


def test_other_threads_have_no_signals() -> None:
    """A sweep in a thread of a larger program leaves that program's signals alone."""
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with interruptible(), uninterrupted():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
