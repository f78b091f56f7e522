from typing import Any

import pytest
from builders import make_completed

from privsearch.analysis.lookup import Within, find_trial_id, known_trials
from privsearch.errors import SpecError, StudyError
from privsearch.spec import HalvesProtocol, TrialSpec


@pytest.fixture
def specs() -> dict[str, TrialSpec]:
    """Two configurations of two datasets, one of them under two protocols."""

    def spec(**axes: Any) -> TrialSpec:
        return make_completed(**axes).spec

    halves = HalvesProtocol(networks=4)
    return {
        "a1" * 8: spec(weight_bit_width=2),
        "a2" * 8: spec(),
        "b1" * 8: spec(weight_bit_width=2, protocol=halves),
        "b2" * 8: spec(protocol=halves),
        "c1" * 8: spec(weight_bit_width=2, dataset="digits"),
        "c2" * 8: spec(dataset="digits"),
    }


def test_trials_have_the_names_of_the_fronts(specs: dict[str, TrialSpec]) -> None:
    assert [str(one) for one in known_trials(specs)[:3]] == [
        f"{'a1' * 8} (iris, paper: ANN w2)",
        f"{'a2' * 8} (iris, paper: ANN fp32)",
        f"{'b1' * 8} (iris, halves: ANN w2)",
    ]


@pytest.mark.parametrize("asked", ["ANN w2", "ann  W2", "ANN w2 *", "b1", "b1" * 8])
def test_a_trial_is_found_by_its_name_or_its_id(specs: dict[str, TrialSpec], asked: str) -> None:
    """In any case of letters, and with the mark that a front puts behind it."""
    assert find_trial_id(asked, specs, within=Within("iris", "halves")) == "b1" * 8


def test_a_name_is_sought_beside_the_trial_to_compare_it_with(specs: dict[str, TrialSpec]) -> None:
    """So that nobody has to say twice which dataset is meant."""
    assert find_trial_id("ANN fp32", specs, beside=specs["c1" * 8]) == "c2" * 8


@pytest.mark.parametrize(
    ("asked", "within", "words"),
    [
        ("ANN w2", Within(), "is the name of 3 trials; add --dataset and --protocol, or take an id: a1a1a1a1"),
        ("ANN w2", Within("iris"), "is the name of 2 trials; add --protocol, or take an id: "),
        ("ANN w2", Within(protocol="paper"), "is the name of 2 trials; add --dataset, or take an id: "),
        ("a", Within(), "is the beginning of 2 ids; these would do: "),
        ("ANN", Within(), "means none of them; a name with spaces stands in quotes; these would do: "),
        ("SNN w2", Within("iris", "paper"), r"means none of them; these would do: a1{8}.*\(iris, paper: ANN w2\)"),
        ("", Within("iris", "paper"), "means none of them"),
        ("ANN w2", Within("irs"), "--dataset: must be one .*iris, digits.*, but got 'irs'; nearest valid: iris"),
        ("ANN w2", Within(protocol="half"), "--protocol: must be one .*, but got 'half'; nearest valid: halves"),
    ],
)
def test_what_means_no_single_trial_is_refused(
    specs: dict[str, TrialSpec], asked: str, within: Within, words: str
) -> None:
    """With the trials that would do, and what to add."""
    with pytest.raises(StudyError, match=words.replace("a1{8}", "a1" * 8)):
        find_trial_id(asked, specs, within=within)


def test_a_long_list_is_cut_short(specs: dict[str, TrialSpec]) -> None:
    """The nearest are named, the rest counted; the error is of the kind that the caller wants."""
    with pytest.raises(SpecError, match=r"\) and 1 more$"):
        find_trial_id("x", specs, error=SpecError)
