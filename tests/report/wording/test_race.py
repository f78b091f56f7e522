from compared_trials import trial

from privsearch.analysis.tasks import Task, tasks
from privsearch.report.wording.fronts import counts, missing_words
from privsearch.report.wording.race import race_words
from privsearch.spec import HalvesProtocol, SweepSpec

SWEEP = {
    "name": "a",
    "datasets": ["iris"],
    "grids": {"a": {"model": ["ann"]}},
    "protocol": {"kind": "halves", "networks": {"from": 4, "to": 8}},
}
FRONT = trial("a" * 16, [0.90, 0.92, 0.91, 0.93], [0.600, 0.62, 0.61, 0.63], epochs=1)
BEATEN = trial("b" * 16, [0.70, 0.721, 0.71, 0.73], [0.75, 0.772, 0.76, 0.78], epochs=2)
LARGER = trial(
    "c" * 16,
    [0.91, 0.92, 0.915, 0.93, 0.92, 0.91, 0.93, 0.9],
    [0.61, 0.62, 0.63, 0.6, 0.62, 0.61, 0.62, 0.61],
    HalvesProtocol(networks=8, networks_per_attack=4),
    epochs=3,
)


def task_of(*rounds: list[object], **fields: object) -> Task:
    results = [history[-1] for history in rounds]
    by_latest = {history[-1].trial_id: history for history in rounds}  # type: ignore[attr-defined]
    (task,) = tasks(results, SweepSpec.model_validate({**SWEEP, **fields}), by_latest)  # type: ignore[arg-type]
    return task


def test_a_race_is_told_with_what_is_out() -> None:
    """How many are in it, with how many targets, and why each of the others is not on the front."""
    task = task_of([FRONT], [BEATEN])
    assert list(race_words(task)) == [
        "Race for networks, ended, as nothing is open any more: 1 of 2 configurations are in it, with 4 targets each; "
        "0 of them open.",
        "1 is out, with 4 targets each, as by all networks another one would beat it: ANN epochs 2.",
    ]
    assert [*race_words(task)] == [*missing_words(task)]


def test_a_race_that_goes_on_is_told_so() -> None:
    """With the configurations about which something is open."""
    first = LARGER.model_copy(
        update={
            "trial_id": "d" * 16,
            "replicates": LARGER.replicates[:4],
            "spec": LARGER.spec.model_copy(update={"protocol": FRONT.spec.protocol}),
        }
    )
    task = task_of([FRONT], [BEATEN], [first, LARGER])
    said = next(race_words(task))
    assert said.startswith(
        "Race for networks, still running: 2 of 3 configurations are in it, with 4 to 8 targets each"
    )
    assert said.endswith("; 2 of them open.")
    assert counts(task.rows) == "3 configurations, 4 to 8 targets each"


def test_without_a_race_nothing_is_told() -> None:
    """A sweep with a number of networks has none."""
    task = task_of([FRONT], [BEATEN], protocol={"kind": "halves", "networks": 4})
    assert list(race_words(task)) == []
    assert "race" not in task.rows
