from pathlib import Path

from privsearch.study.proposals import (
    LoggedEnd,
    LoggedProposal,
    ProposalWriter,
    Searched,
    counts_words,
    in_order,
    read_proposals,
)

ONE = LoggedProposal(
    search="a" * 16,
    number=0,
    trial_id="b" * 16,
    origin="sampled",
    seconds=1.5,
    axes={"model": "snn", "beta": 0.1 + 0.2},
)


def test_what_is_written_is_read_back_exactly(tmp_path: Path) -> None:
    """Also by another process, and the last digit of a number with it."""
    path = tmp_path / "search.jsonl"
    assert read_proposals(path).proposals == ()
    for number in range(2):
        with ProposalWriter(path) as log:
            log.append(ONE.model_copy(update={"number": number, "search": "ab"[number] * 16}))
    found = read_proposals(path)
    assert [proposal.axes for proposal in found.proposals] == [ONE.axes] * 2
    assert found.of("a" * 16) == [ONE]


def test_a_line_that_a_killed_process_left_torn_is_left_out(tmp_path: Path) -> None:
    """The next one is written behind it, on a line of its own."""
    path = tmp_path / "search.jsonl"
    path.write_text(ONE.model_dump_json()[:40])
    with ProposalWriter(path) as log:
        log.append(ONE)
    found = read_proposals(path)
    assert found.proposals == (ONE,)
    assert [line.number for line in found.damaged] == [1]


def test_a_line_of_a_stranger_holds_plain_values(tmp_path: Path) -> None:
    """Nothing nested, and no name that is none."""
    path = tmp_path / "search.jsonl"
    good = ONE.model_dump_json()
    path.write_text(good.replace('"snn"', "[[1]]") + "\n" + good.replace("b" * 16, "../x") + "\n")
    found = read_proposals(path)
    assert (found.proposals, len(found.damaged)) == ((), 2)


def test_an_end_holds_until_the_search_goes_on(tmp_path: Path) -> None:
    """Why a search ended is read back, of each search its own; with one more proposal it has not ended."""
    path, end = tmp_path / "search.jsonl", LoggedEnd(search="a" * 16, ended="the budget is spent", proposals=1)
    with ProposalWriter(path) as log:
        log.append(ONE)
        log.append(end)
    found = read_proposals(path)
    assert (found.proposals, found.ends, found.damaged) == ((ONE,), (end,), ())
    assert (found.end_of("a" * 16), found.end_of("b" * 16)) == ("the budget is spent", "")
    with ProposalWriter(path) as log:
        log.append(ONE.model_copy(update={"number": 1}))
    assert read_proposals(path).end_of("a" * 16) == ""


def test_trials_stand_as_they_were_proposed() -> None:
    """The first proposal of a trial counts; what nobody proposed stands before, as it was."""
    origins = (("a", "given"), ("b", "sampled"), ("a", "repeat"), ("c", "drawn"))
    proposals = [
        ONE.model_copy(update={"number": number, "trial_id": trial_id, "origin": origin})
        for number, (trial_id, origin) in enumerate(origins)
    ]
    search = Searched("iris", proposals, "")
    assert search.numbers == {"a": 0, "b": 1, "c": 3}
    assert in_order(["c", "y", "b", "x", "a"], [search]) == ["y", "x", "a", "b", "c"]
    assert counts_words(search.counts, 30) == "2 of 30 proposed, 1 repeat, 1 known before"
    assert counts_words({}, None) == "0 proposed, 0 repeats, 0 known before"
