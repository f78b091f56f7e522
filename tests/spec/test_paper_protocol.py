from privsearch.spec import HalvesProtocol, PaperProtocol


def test_the_data_decide_whether_replicates_share_a_split() -> None:
    """Where nothing is asked for: one split if the data bring it, a new one for each replicate if they do not."""
    for own in (True, False):
        assert PaperProtocol().canonical(augments=False, has_own_test_split=own).resplit is not own
        for asked in (True, False):
            protocol = PaperProtocol(resplit=asked)
            assert protocol.canonical(augments=False, has_own_test_split=own) == protocol


def test_targets_share_examples_unless_each_has_a_split_of_its_own() -> None:
    """And the words on it say so."""
    shared, own = PaperProtocol(resplit=False), PaperProtocol(resplit=True)
    assert (shared.targets_share_examples, own.targets_share_examples) == (True, False)
    for words in ("summary", "evaluation_words", "chance_words"):
        assert getattr(shared, words) != getattr(own, words)


def test_what_was_written_first_is_left_out_of_a_meaning() -> None:
    """A protocol means what it meant before it had a field, as long as that field says what was always done."""
    before = {"kind": "paper", "replicates": 2, "shadow_fraction": 0.8, "placebo_cuts": 20}
    assert PaperProtocol(replicates=2, resplit=False).meaning() == {"replicates": 2}
    assert PaperProtocol(replicates=2, resplit=False).meaning(exclude_defaults=False) == before
    assert PaperProtocol(resplit=True).meaning() == {"resplit": True}
    assert PaperProtocol.model_validate(before).as_written_first().resplit is False
    for said in (None, True, False):
        assert PaperProtocol.model_validate({**before, "resplit": said}).as_written_first().resplit is said
    assert HalvesProtocol().as_written_first() == HalvesProtocol()
