import threading
import time
from collections.abc import Iterator

import pytest

from privsearch._util import ending


@pytest.fixture(autouse=True)
def untold() -> Iterator[None]:
    """Forgets, at the end, that this process was told to end."""
    yield
    ending._told.clear()


def seconds_to_tell(limit: float) -> float:
    started = time.monotonic()
    ending.tell(limit)
    return time.monotonic() - started


def test_a_process_with_nothing_to_finish_may_end_at_once() -> None:
    """Before and after there was something."""
    assert not ending.is_near()
    assert seconds_to_tell(60) < 10
    assert ending.is_near()
    with ending.finishing():
        pass
    assert seconds_to_tell(60) < 10


@pytest.mark.parametrize("how", ["says so", "leaves the block", "raises"])
def test_what_is_finished_is_waited_for(how: str) -> None:
    """Until it says so, or is over, in whatever way."""
    told = threading.Thread(target=ending.tell, args=(60,))

    def finish() -> None:
        with ending.finishing():
            told.start()
            while not ending.is_near():
                time.sleep(0.01)
            told.join(0.2)
            assert told.is_alive()
            if how == "says so":
                ending.finished()
                told.join(10)
                assert not told.is_alive()
            elif how == "raises":
                raise ValueError("diverged")

    if how == "raises":
        with pytest.raises(ValueError, match="diverged"):
            finish()
    else:
        finish()
    told.join(10)
    assert not told.is_alive()


def test_what_takes_too_long_is_not_waited_for() -> None:
    """A process ends in any case."""
    with ending.finishing():
        assert 0.2 <= seconds_to_tell(0.2) < 10
