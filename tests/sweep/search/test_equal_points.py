"""Points that differ and train the same networks are one to a search."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import INLINE, record_lines, run, sound_lines

from privsearch.data import describe_dataset
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.folder import StudyFolder
from privsearch.sweep.plan import make_plan
from privsearch.sweep.search.equal_choices import equal_choices
from privsearch.sweep.search.task_search import TaskSearch, search_tasks

IRIS = describe_dataset("iris")

SWEEP = """
name: equal
datasets: [iris]
protocol: {kind: paper, replicates: 2}
%s
search: {space: {model: [ann], batch_size: %s, train_size: %s}, sampler: random, trials: 6}
recipe: {epochs: 2}
attacks: [svm]
objectives: {test_accuracy: maximize, svm.auc: minimize}
"""


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    """A sweep whose six points are one training on the 120 training examples of Iris."""
    path = tmp_path / "equal.yaml"
    path.write_text(SWEEP % ("", "[120, 200, 100000]", "[null, 120]"))
    return path


def task(path: Path) -> TaskSearch:
    (found,) = search_tasks(read_sweep(path), {"iris": IRIS})
    return found


def test_all_ways_to_write_a_training_are_one_point(sweep_file: Path) -> None:
    """They have one key, and the space has one point; other trainings have keys of their own."""
    space = task(sweep_file).space
    assert len({space.key(axes) for axes in space.points()}) == space.size == 1
    sweep_file.write_text(SWEEP % ("", "[119, 120, 200]", "[null, 120, 60]"))
    assert task(sweep_file).space.size == 3


@pytest.mark.slow
def test_an_equal_point_is_not_trained_again_and_its_result_is_told(sweep_file: Path, tmp_path: Path) -> None:
    """Six points were six trainings with the same numbers to the last digit."""
    result = run("sweep", sweep_file, "--study", tmp_path / "s", *INLINE)
    assert result.exit_code == 0, result.output
    assert len(record_lines(tmp_path / "s")) == 1
    assert "ended: every point of its space has been tried" in result.output


@pytest.mark.slow
def test_what_a_grid_trained_is_known_to_the_search(sweep_file: Path, tmp_path: Path) -> None:
    """In the grid's own form, which is no point of the space."""
    sweep_file.write_text(SWEEP % ("grids: {g: {model: [ann]}}", "[120, 200]", "[null, 60]"))
    result = run("sweep", sweep_file, "--study", tmp_path / "s", *INLINE)
    assert result.exit_code == 0, result.output
    # The whole split by the grid, its half by the search.
    trained = [json.loads(line)["spec"]["train_size"] for line in record_lines(tmp_path / "s")]
    assert trained == [None, 60]
    origins = [json.loads(line).get("origin") for line in sound_lines(tmp_path / "s" / "search.jsonl")]
    assert origins[0] == "given"
    # Whatever else the sampler asked for was there already.
    assert sum(origin in ("sampled", "drawn") for origin in origins) == 1


@pytest.mark.slow
def test_a_study_that_trained_equal_points_apart_keeps_its_results(sweep_file: Path, tmp_path: Path) -> None:
    """As an earlier version did: the ids in its log are those of the points as they were written."""
    assert run("sweep", sweep_file, "--study", tmp_path / "s", *INLINE).exit_code == 0
    study, asked = tmp_path / "s", task(sweep_file)
    (line,) = record_lines(study)
    forms = list(asked.space.points())
    ids = [asked.trial_id(axes) for axes in forms]
    assert len(set(ids)) == 6
    record, log = [], []
    for number, (trial_id, axes) in enumerate(zip(ids, forms, strict=True)):
        result = json.loads(line)
        result["spec"] |= {axis: axes[axis] for axis in ("batch_size", "train_size")}
        record.append(json.dumps(result | {"trial_id": trial_id}, separators=(",", ":")))
        chosen = {axis: axes[axis] for axis in ("model", "batch_size", "train_size")}
        of = {"search": asked.id, "number": number, "trial_id": trial_id, "origin": "sampled", "axes": chosen}
        log.append(json.dumps(of))
    (study / "trials.jsonl").write_text("\n".join(record) + "\n")
    (study / "search.jsonl").write_text("\n".join(log) + "\n")
    plan = make_plan(read_sweep(sweep_file), StudyFolder(study))
    (search,) = plan.searches
    assert [trial.trial_id for trial in search.trials()] == ids
    assert (search.unfinished, search.known) == ([], [])
    result = run("sweep", sweep_file, "--study", study, *INLINE)
    assert "trials: 0 finished, 6 recorded already" in result.output


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (
            {"batch_size": [16, 120, 500], "train_size": [None, 120, 60]},
            {"batch_size": (120, 500), "train_size": (120, None)},
        ),
        ({"batch_size": {"low": 100, "high": 500}}, {"batch_size": (120, 500)}),
        ({"batch_size": {"low": 10, "high": 119}}, {}),
        ({"model": ["snn"], "num_steps": [1, 5], "beta": [0.5, 0.9]}, {"beta": (0.5, 0.9)}),
        ({"model": ["snn"], "num_steps": [5], "beta": [0.5, 0.9]}, {}),
        ({"model": ["snn"], "num_steps": [1, 5], "readout": ["final", "mean"]}, {"readout": ("final", "mean")}),
        ({"model": ["snn"], "num_steps": [5], "readout": ["final", "mean"]}, {}),
    ],
    ids=str,
)
def test_a_plan_tells_the_values_that_are_one_training(space: dict[str, Any], expected: dict[str, Any]) -> None:
    """Of lists and of ranges, in a search or in a grid."""
    fields = {"name": "e", "datasets": ["iris"], "objectives": {"test_accuracy": "maximize", "svm.auc": "minimize"}}
    sweep = SweepSpec.model_validate(fields | {"search": {"space": {"model": ["ann"]} | space, "trials": 5}})
    found = {equal.axis: equal.values for _, equal in equal_choices(sweep, {"iris": IRIS})}
    assert found == expected
    if not any(isinstance(values, dict) for values in space.values()):
        grid = SweepSpec.model_validate(fields | {"grids": {"g": {"model": ["ann"]} | space}})
        assert {e.axis: e.values for _, e in equal_choices(grid, {"iris": IRIS})} == expected


def test_the_plan_says_so(sweep_file: Path, tmp_path: Path) -> None:
    """In a line for each dataset."""
    output = " ".join(run("plan", sweep_file, "--study", tmp_path / "s").output.split())
    assert "iris: the same training, run once: batch_size 120, 200 and 100000; train_size 120 and full" in output


def test_the_plan_says_where_a_single_step_makes_values_one(tmp_path: Path) -> None:
    """They are other trainings with more steps."""
    path = tmp_path / "one.yaml"
    path.write_text(
        "name: one\ndatasets: [iris]\nprotocol: {kind: halves, networks: 4}\nattacks: [loss]\n"
        "grids: {g: {model: [snn], num_steps: [1, 2], readout: [final, mean], beta: [0.5, 0.9]}}\n"
    )
    output = " ".join(run("plan", path, "--study", tmp_path / "s").output.split())
    assert "one: 5 distinct trials, from 8 points" in output
    assert "readout final and mean at num_steps 1" in output
    assert "beta 0.5 and 0.9 at num_steps 1" in output
