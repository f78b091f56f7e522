import gc
from pathlib import Path

import pytest
from builders import make_completed, make_failed
from hypothesis import given
from hypothesis import strategies as st

from privsearch.record import RecordWriter, collector_paused, read_record
from privsearch.result import Completed, TrialResult
from privsearch.spec import SvmAttack


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record that is not there yet."""
    return tmp_path / "trials.jsonl"


def append(path: Path, *results: TrialResult) -> None:
    with RecordWriter(path) as record:
        for result in results:
            record.append(result)


def test_what_is_appended_is_read_back(path: Path) -> None:
    """The record gives back what it was given, and an absent one is empty."""
    assert read_record(path).results == {}
    append(path, make_completed(), make_failed())
    read = read_record(path)
    assert read.results == {"a" * 16: make_completed(), "b" * 16: make_failed()}
    assert read.damaged == ()


@given(cut=st.integers(1, 400))
def test_a_torn_last_line_costs_only_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a kill tears the last line, earlier ones are read, and later ones can be appended."""
    path = tmp_path_factory.mktemp("study") / "trials.jsonl"
    append(path, make_completed(), make_completed("c" * 16))
    path.write_bytes(path.read_bytes()[:-cut])
    append(path, make_completed("d" * 16))
    read = read_record(path)
    assert {"a" * 16, "d" * 16} <= read.results.keys()
    # A line that lost nothing but its line break is whole.
    assert read.damaged == (() if cut == 1 else (2,))


def test_garbage_in_the_middle_is_counted_and_left_out(path: Path) -> None:
    """One bad line does not take the others with it, and stays where it is for whoever wants to look."""
    append(path, make_completed())
    with path.open("ab") as file:
        file.write(b"garbage \xff\n\n")
    append(path, make_failed())
    read = read_record(path)
    assert read.damaged == (2,)
    assert len(read.results) == 2


def test_a_completed_result_is_not_lost_to_a_later_failure(path: Path) -> None:
    """Numbers that were found stay found; later ones count more, and the time that both took adds up."""
    append(path, make_completed(), make_failed("a" * 16))
    assert isinstance(read_record(path).results["a" * 16], Completed)
    later = make_completed("a" * 16, auc=0.6)
    append(path, later)
    both = later.model_copy(update={"seconds": make_completed().seconds + later.seconds})
    assert read_record(path).results["a" * 16] == both


def test_attacks_of_two_runs_add_up(path: Path) -> None:
    """A trial that gained an attack keeps the earlier one, and one that was refused its reason."""
    refusing = make_completed(attacks=(SvmAttack(per_class=True),)).model_copy(update={"refused": {"lira": "too few"}})
    append(path, make_completed(), refusing)
    result = read_record(path).results["a" * 16]
    assert isinstance(result, Completed)
    names = {attack.name for attack in result.spec.attacks}
    assert set(result.replicates[0].attacks) == set(result.across) == {"svm", "svm_per_class"} == names
    assert result.refused == {"lira": "too few"}


def test_garbage_is_collected_again_whatever_happened() -> None:
    """The pause ends with an error as without one, and one within another does not end it."""

    def fail() -> None:
        with collector_paused():
            with collector_paused():
                pass
            assert not gc.isenabled()
            raise ValueError("meanwhile")

    with pytest.raises(ValueError, match="meanwhile"):
        fail()
    assert gc.isenabled()
