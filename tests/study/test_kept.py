from pathlib import Path

import pytest
from builders import make_completed, make_failed

from privsearch.study.cohort import is_network_id
from privsearch.study.kept import KeptFiles, KeptSignals, SignalFile
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive

IDS = tuple(f"n{7:016x}-{k}" for k in range(6))
SMALL, LARGE = "a" * 16, "b" * 16


def trained(trial_id: str, networks: int, held: tuple[int, ...]) -> Completed:
    """A trial of the first networks, some of which are in its own file."""
    return make_completed(trial_id).model_copy(update={"networks": IDS[:networks], "held": tuple(IDS[k] for k in held)})


def test_a_networks_key_is_told_from_a_trials() -> None:
    """Whatever else a folder holds is neither."""
    assert all(map(is_network_id, IDS))
    assert not any(map(is_network_id, (SMALL, "n" * 16, f"{IDS[0]}.npz", f"{IDS[0][:-2]}", "../n", "")))


def test_networks_are_found_in_the_files_of_other_trials() -> None:
    """A larger trial finds a smaller one's; what is in its own file is not looked for elsewhere."""
    results = {SMALL: trained(SMALL, 4, (0, 1, 2, 3)), LARGE: trained(LARGE, 6, (4, 5))}
    both = KeptFiles(frozenset({SMALL, LARGE}), results)
    assert both.files_of(LARGE, IDS) == dict.fromkeys(IDS[:4], SMALL)
    assert both.has(LARGE, IDS)
    assert both.files_of(SMALL, IDS[:4]) == {}
    assert both.has(SMALL, IDS[:4])


@pytest.mark.parametrize(
    ("names", "lacking"),
    [({SMALL}, [4, 5]), ({LARGE}, [0, 1, 2, 3]), (set(), [0, 1, 2, 3, 4, 5]), ({IDS[0], LARGE}, [1, 2, 3])],
)
def test_a_file_that_is_gone_is_missed(names: set[str], lacking: list[int]) -> None:
    """What the record says of it does not bring it back; a network's own file serves as well as a trial's."""
    results = {SMALL: trained(SMALL, 4, (0, 1, 2, 3)), LARGE: trained(LARGE, 6, (4, 5))}
    files = KeptFiles(frozenset(names), results)
    assert files.lacking(LARGE, IDS) == lacking
    assert not files.has(LARGE, IDS)


def test_a_file_without_a_record_has_what_is_nowhere_else() -> None:
    """So it is where the attacks were interrupted, and with what was recorded before networks had keys."""
    files = KeptFiles(frozenset({LARGE, SMALL}), {SMALL: trained(SMALL, 4, (0, 1, 2, 3))})
    assert files.lacking(LARGE, IDS) == []
    assert files.files_of(LARGE, IDS) == dict.fromkeys(IDS[:4], SMALL)
    earlier = KeptFiles(frozenset({SMALL}), {SMALL: make_completed(SMALL), LARGE: make_failed(LARGE)})
    assert earlier.has(SMALL, ())
    assert not earlier.has(LARGE, ())


def test_other_studies_are_asked_for_what_is_lacking_alone(tmp_path: Path) -> None:
    """Their files are named with their archives."""
    theirs = SignalArchive(tmp_path / "theirs")
    other = KeptSignals(theirs, KeptFiles(frozenset({SMALL}), {SMALL: trained(SMALL, 4, (0, 1, 2, 3))}))
    mine = KeptSignals(SignalArchive(tmp_path / "mine"), KeptFiles(frozenset({IDS[0]})), (other,))
    assert mine.files_of(LARGE, IDS) == {
        IDS[0]: SignalFile(IDS[0]),
        **{network: SignalFile(SMALL, theirs) for network in IDS[1:4]},
    }
    assert mine.lacking(LARGE, IDS) == [4, 5]
    assert KeptSignals().lacking(LARGE, IDS) == [*range(6)]
