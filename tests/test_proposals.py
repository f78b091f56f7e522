from pathlib import Path

from privsearch.proposals import LoggedProposal, ProposalWriter, read_proposals

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
