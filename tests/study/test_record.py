import gc
from pathlib import Path

import pytest
from builders import make_completed, make_failed
from counted_networks import conventional, counted
from hypothesis import given
from hypothesis import strategies as st
from small_disk import files_of_at_most

from privsearch._util import lines
from privsearch._util.lines import collector_paused, lines_of, set_lines_aside
from privsearch.errors import StudyError
from privsearch.spec import PaperProtocol, QuantileRegressionAttack, SvmAttack
from privsearch.study.record import Record, RecordWriter, read_record
from privsearch.study.result import Completed, TrialResult


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record that is not there yet."""
    return tmp_path / "trials.jsonl"


def append(path: Path, *results: TrialResult) -> None:
    with RecordWriter(path) as record:
        for result in results:
            record.append(result)


def numbers(read: Record) -> list[int]:
    return [line.number for line in read.damaged]


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
    assert numbers(read) == ([] if cut == 1 else [2])


def test_a_line_that_is_being_written_is_no_damage(path: Path) -> None:
    """Where a record may be growing, its unfinished last line, and no other, is left out in silence."""
    append(path, make_completed(), make_completed("c" * 16))
    path.write_bytes(path.read_bytes()[:-50])
    assert numbers(read_record(path, growing=True)) == []
    assert read_record(path, growing=True).results.keys() == {"a" * 16}
    append(path, make_completed("d" * 16))
    assert numbers(read_record(path, growing=True)) == [2]


def test_a_changed_line_costs_only_itself(path: Path) -> None:
    """One number changed within its limits; what is written by an earlier version has no checksum, and is read."""
    append(path, make_completed(), make_completed("c" * 16))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b'"seconds":1.5', b'"seconds":2.5') + lines[1])
    read = read_record(path)
    assert (numbers(read), read.results.keys(), read.foreign) == ([1], {"c" * 16}, False)
    path.write_text(make_completed().model_dump_json() + "\n")
    assert read_record(path).results == {"a" * 16: make_completed()}


def test_garbage_in_the_middle_is_counted_and_left_out(path: Path) -> None:
    """One bad line does not take the others with it, and stays where it is for whoever wants to look."""
    append(path, make_completed())
    with path.open("ab") as file:
        file.write(b"garbage \xff\n\n")
    append(path, make_failed())
    read = read_record(path)
    assert numbers(read) == [2]
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


def test_an_attack_that_has_got_its_data_loses_its_refusal(path: Path) -> None:
    """Until then it has the reason and is not done; then it has numbers, and another attack's refusal stays."""
    attack = QuantileRegressionAttack()
    refused = {attack.name: "no data", "lira": "too few"}
    done = make_completed()
    spec = done.spec.model_copy(update={"attacks": (SvmAttack(), attack)})
    lacking = done.model_copy(update={"spec": spec, "refused": refused, "lacked_data": (attack.name,)})
    append(path, lacking)
    (read,) = read_record(path).results.values()
    assert isinstance(read, Completed)
    assert read == lacking
    assert read.attacks_done == (SvmAttack(),)
    for found, still in ((make_completed(attacks=(attack,)), {"lira": "too few"}), (lacking, refused)):
        path.unlink()
        append(path, lacking, found)
        (read,) = read_record(path).results.values()
        assert isinstance(read, Completed)
        assert read.refused == still
        assert (attack in read.attacks_done) == (attack.name in read.across) == (found is not lacking)


def test_the_later_audit_of_a_trial_stands_alone(path: Path) -> None:
    """Whichever line comes first, and with its own attacks only: numbers of two versions are not joined."""
    earlier = make_completed(attacks=(SvmAttack(), SvmAttack(per_class=True)), auc=0.6)
    earlier = earlier.model_copy(update={"audit_version": 1})
    later = make_completed(auc=0.7)
    for order in ((earlier, later), (later, earlier)):
        path.unlink(missing_ok=True)
        append(path, *order)
        read = read_record(path)
        assert read.results == {later.trial_id: later}
        assert read.repeated[0].agrees


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


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0" * 5000 + b"\n", "it holds NUL bytes, as a power loss leaves them"),
        (b"\xff\xfe garbage\n", "it is no text in UTF-8"),
        (b"garbage\n", "it is no JSON"),
        (b'{"status": "compl', "it is unfinished, as a killed process leaves it"),
        (b"[" * 100_000 + b"\n", "it is no JSON"),
        (b'{"status": "completed"}\n', "it is JSON, but changed, or of another kind or version: "),
        (b"x" * 50_000 + b"\n", "it is longer than 30,000 bytes"),
        (b"x" * 90_000, "it is longer than 30,000 bytes"),
    ],
)
def test_a_damaged_line_costs_only_itself_and_says_why(
    path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, reason: str
) -> None:
    """Whatever it holds and however long it is: those before and after it are read, and empty ones are none."""
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 200_000 if b"[" in line else 30_000)
    append(path, make_completed())
    with path.open("ab") as file:
        file.write(b"\n \n" + line)
    append(path, make_failed())
    read = read_record(path)
    assert len(read.results) == 2
    assert numbers(read) == [4]
    assert read.damaged[0].reason.startswith(reason)


@given(damage=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=40)), min_size=1, max_size=5))
def test_no_damage_ends_the_reading(tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, bytes]]) -> None:
    """Bytes overwritten anywhere change or cost the lines that they are in, and a later append can be read."""
    path = tmp_path_factory.mktemp("study") / "trials.jsonl"
    append(path, make_completed(), make_failed(), make_completed("c" * 16))
    content = path.read_bytes()
    for where, replaced in damage:
        at = where % len(content)
        content = content[:at] + replaced + content[at + len(replaced) :]
    path.write_bytes(content)
    append(path, make_completed("d" * 16))
    read = read_record(path)
    assert read.results["d" * 16] == make_completed("d" * 16)


def test_a_result_that_does_not_fit_is_not_half_recorded(path: Path) -> None:
    """A full disk ends with a message; what was recorded stays, and the same process can go on."""
    with RecordWriter(path) as writer:
        writer.append(make_completed())
        whole = path.read_bytes()
        told = pytest.raises(StudyError, match=r"trials\.jsonl: must be writable, but: File too large; free space")
        with files_of_at_most(len(whole) + 100), told:
            writer.append(make_failed())
        assert path.read_bytes() == whole
        writer.append(make_failed())
    assert read_record(path) == Record({"a" * 16: make_completed(), "b" * 16: make_failed()})


def test_a_result_that_could_not_be_read_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line has a largest size, for the writer as for the reader."""
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    with pytest.raises(StudyError, match=r"must have fewer than 1,000 bytes, but that of a{16} has"):
        append(path, make_completed())
    assert path.read_bytes() == b""


def test_what_is_no_record_is_told(path: Path) -> None:
    """A directory in its place is no empty record, and cannot be written."""
    path.mkdir()
    with pytest.raises(StudyError, match=r"trials\.jsonl: must be readable, but: Is a directory"):
        read_record(path)
    with pytest.raises(StudyError, match=r"trials\.jsonl: must be writable, but: Is a directory"):
        RecordWriter(path)


def test_a_trial_that_completed_twice_is_told(path: Path) -> None:
    """Whether the numbers agree where both have them; another number of replicates is no result of that trial."""
    more = make_completed(attacks=(SvmAttack(), SvmAttack(per_class=True)))
    other = make_completed(protocol=PaperProtocol(replicates=3))
    append(path, make_completed(), make_failed("a" * 16), more, make_completed(auc=0.6), other)
    read = read_record(path)
    assert [(line.number, line.agrees) for line in read.repeated] == [(3, True), (4, False)]
    assert numbers(read) == [5]


def test_lines_set_aside_leave_every_other_byte(path: Path) -> None:
    """They stand in the other file, each on a line of its own, in front of those of the next time."""
    path.write_bytes(b"one\n\n  two\nthree")
    first, second, third = lines_of(path)
    assert (first.content, second.content, third.content) == (b"one\n", b"  two\n", b"three")
    aside = set_lines_aside(path, [first.damaged(ValueError()), third.damaged(ValueError())])
    assert path.read_bytes() == b"\n  two\n"
    assert aside.read_bytes() == b"one\nthree\n"
    set_lines_aside(path, [line.damaged(ValueError()) for line in lines_of(path)])
    assert path.read_bytes() == b"\n"
    assert aside.read_bytes() == b"one\nthree\n  two\n"
    assert sorted(file.name for file in path.parent.iterdir()) == ["trials.damaged", "trials.jsonl"]


def test_an_added_attack_keeps_what_is_known_of_the_training_sets(path: Path) -> None:
    """A record from before these were measured gains them; none loses them."""
    made = make_completed()
    known = tuple(r.model_copy(update={"majority_share": 0.4, "train_size": 50}) for r in made.replicates)
    unknown = tuple(r.model_copy(update={"majority_share": None, "train_size": None}) for r in made.replicates)
    append(path, made.model_copy(update={"replicates": unknown}), made.model_copy(update={"replicates": known}))
    (read,) = read_record(path).results.values()
    assert isinstance(read, Completed)
    assert {(r.majority_share, r.train_size) for r in read.replicates} == {(0.4, 50)}


def test_a_network_that_was_recorded_before_operations_were_counted_is_the_same(path: Path) -> None:
    """Trained again by a later privsearch, it gains them, and agrees; with other numbers it does not."""
    old = make_completed()
    new = counted(old, conventional())
    append(path, old, new)
    read = read_record(path)
    assert [line.agrees for line in read.repeated] == [True]
    result = read.results[old.trial_id]
    assert isinstance(result, Completed)
    assert result.replicates[0].target.operations == conventional()
    append(path, counted(old, conventional(active=5.0)))
    assert [line.agrees for line in read_record(path).repeated] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ('"effective":41.0', '"effective":40.0'),
        ('"presentations":0', '"presentations":1'),
        ('"activity":[1.1]', '"activity":[1.0]'),
        ('"kind":"recurrent"', '"kind":"linear"'),
        ('"input_bits":0', '"input_bits":null'),
    ],
)
def test_operations_that_cannot_be_are_damage(path: Path, wrong: str, right: str) -> None:
    """Whoever wrote them."""
    append(path, counted(make_completed(), conventional()))
    line = path.read_text()
    assert right in line
    path.write_text(line.replace(right, wrong, 1))
    assert numbers(read_record(path)) == [1]
