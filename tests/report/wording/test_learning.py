import pytest
from builders import make_completed, not_learnt

from privsearch.analysis.learning import learning, learning_of, not_learnt_alive
from privsearch.analysis.tasks import Task, tasks
from privsearch.report.figures.style import sample_note
from privsearch.report.page.failures import failures
from privsearch.report.page.overview import overview
from privsearch.report.wording.fronts import missing_words
from privsearch.report.wording.learning import learning_lines
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.result import Completed

HALVES = HalvesProtocol(networks=4)
SWEEP = SweepSpec.model_validate(
    {
        "name": "a",
        "datasets": ["iris"],
        "protocol": {"kind": "halves", "networks": 4},
        "grids": {"a": {"model": ["ann"], "weight_bit_width": [None, 8, 4, 2]}},
    }
)


@pytest.fixture
def results() -> list[Completed]:
    """One that has learnt, one that has not, and two with a dead network, which has not learnt either."""
    made = [
        make_completed(f"{k}" * 16, protocol=HALVES, weight_bit_width=width) for k, width in enumerate((None, 8, 4, 2))
    ]
    dead = [not_learnt(one).model_copy(update={"dead": (1, 2), "across": {}}) for one in made[2:]]
    bare = [
        one.model_copy(update={"replicates": tuple(r.model_copy(update={"attacks": {}}) for r in one.replicates)})
        for one in dead
    ]
    return [made[0], not_learnt(made[1]), *bare]


@pytest.fixture
def task(results: list[Completed]) -> Task:
    (found,) = tasks(results, SWEEP)
    return found


def test_a_trial_is_one_of_three(results: list[Completed], task: Task) -> None:
    """Dead, not learnt or learnt, by its result and by its row of the table alike."""
    kinds = ["learnt", "not learnt", "dead", "dead"]
    assert [learning_of(result) for result in results] == kinds
    assert learning(task.rows).tolist() == kinds
    assert [not_learnt_alive(result) for result in results] == [0, 4, 2, 2]


def test_every_view_counts_alike(results: list[Completed], task: Task) -> None:
    """Two dead and one not learnt at the end of a sweep, below the front, on the page and in a figure's title."""
    closing = learning_lines([task])
    assert [line.partition(", in which")[0] for line in closing] == [
        "dead: 2 configurations",
        "not learnt: 1 configuration",
    ]
    below = " ".join(missing_words(task))
    assert "2 of 4 completed configurations are dead: " in below
    assert "1 of 4 completed configurations has not learnt: " in below
    trials = dict.fromkeys((result.trial_id for result in results), "iris")
    counts = overview(SWEEP, trials, results, ())["counts"]
    assert (counts["dead"], counts["not learnt"]) == (2, 1)
    section = failures(trials, results, dict.fromkeys(trials, "ANN"))
    assert (len(section["dead"]), len(section["at_chance"])) == (2, 1)
    assert sample_note(task.rows) == "n = 4, 2 dead, 1 not learnt"


def test_a_mean_says_of_what_it_is(task: Task) -> None:
    """The training accuracy that is told has its spread and its number of targets."""
    assert "ANN w8 (4 networks; training accuracy 0.400 ± 0.000 over 4 targets" in " ".join(missing_words(task))


def test_nothing_is_said_where_all_have_learnt(results: list[Completed]) -> None:
    (found,) = tasks(results[:1], SWEEP)
    assert learning_lines([found]) == []
    assert list(missing_words(found)) == []
