import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import INLINE, run
from torch import Tensor, nn

import privsearch
from privsearch.api.plugins import register_attack, register_dataset, register_model, use_plugin
from privsearch.api.study import Study
from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError
from privsearch.spec import HalvesProtocol, RegisteredAttack, RegisteredDataset, SweepSpec, TrialSpec, registry
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.result import Completed, Failed, parse_result
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import TrainAndAttack
from privsearch.sweep.trial import run_trial

pytestmark = pytest.mark.usefixtures("forgetting", "blank_fronts")

ROOT = Path(__file__).parents[2]
PLUGIN = """\
import numpy as np
from privsearch import register_attack, register_dataset, register_model

@register_dataset("blobs")
def blobs():
    y = np.arange(100) % 2
    return np.random.default_rng(0).normal(size=(100, 3)) + y[:, None], y

def linear(features, classes):
    from torch import nn
    return nn.Sequential(nn.Linear(features, 4), nn.Dropout(0.5), nn.Linear(4, classes))

@register_model("small")
def small(input_shape, num_classes, spec):
    return linear(input_shape[0], num_classes)

@register_attack("top")
def top(view):
    return view.queried.target.max(axis=-1).mean(axis=0)
"""
SWEEP = """\
name: own
datasets: [blobs]
protocol: {kind: halves, networks: 4}
grids: {models: {model: [ann, small]}}
recipe: {epochs: 1}
attacks: [top, loss]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a plugin and a sweep of what it registers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(PLUGIN)
    (tmp_path / "own.yaml").write_text(SWEEP)
    return tmp_path


def linear(input_shape: tuple[int, ...], num_classes: int, spec: TrialSpec) -> nn.Module:
    return nn.Linear(input_shape[0], num_classes)


def noisy(input_shape: tuple[int, ...], num_classes: int, spec: TrialSpec) -> nn.Module:
    return nn.Sequential(nn.Dropout(0.5), nn.Linear(input_shape[0], num_classes))


def sure(view: Any) -> Any:
    return view.queried.target.max(axis=-1).mean(axis=0)


def trial_of(model: str, *attacks: Any, **axes: Any) -> TrialSpec:
    chosen = [RegisteredAttack(attack=name) for name in attacks] or [{"kind": "loss"}]
    halves = HalvesProtocol(networks=4)
    return TrialSpec(**{"dataset": "iris", "model": model, "protocol": halves, "attacks": chosen, "epochs": 1, **axes})


def sweep_of(**fields: Any) -> SweepSpec:
    grids = {"g": {"model": ["ann"]}}
    return SweepSpec.model_validate({"name": "s", "datasets": ["iris"], "grids": grids, **fields})


def test_the_ids_of_what_is_built_in_stay_as_they_are(tmp_path: Path) -> None:
    """What was recorded under the third numerics has its ids still."""
    made = make_plan(read_sweep(ROOT / "sweeps" / "tabular.yaml"), Study(tmp_path / "none"))
    recorded = json.loads((ROOT / "studies" / "tabular" / "plan.json").read_text())["trials"]
    ids = {t.spec.trial_id(made.infos[t.spec.dataset_name].fingerprint, version=3) for t in made.trials}
    assert ids == recorded.keys()


@pytest.mark.parametrize(
    ("register", "name"),
    [
        (register_dataset, "iris"),
        (register_model, "snn"),
        (register_attack, "lira"),
        (register_attack, "worst"),
        (register_model, "a-b"),
        (register_dataset, "../x"),
        (register_attack, ""),
    ],
)
def test_a_name_must_be_free_and_a_name(register: Callable[..., Any], name: str) -> None:
    """Names that are privsearch's own, or would not do in a file's name or a column, are refused."""
    with pytest.raises(SpecError, match="rename it"):
        register(name, linear)


def test_a_name_stands_for_one_function() -> None:
    """Another function under a name that is taken is refused; the same one, defined again, takes its own place."""
    register_model("net", linear)
    with pytest.raises(SpecError, match="'net' is registered already"):
        register_model("net", noisy)
    again = type(linear)(linear.__code__, {}, "linear")
    again.__module__ = linear.__module__
    register_model("net", again)
    assert registry.needed("model", "net").function is again


@pytest.mark.parametrize("version", [0, 1.0, True, "2", 10**6])
def test_a_version_is_a_number_from_1(version: Any) -> None:
    """Anything else is refused when it is registered."""
    with pytest.raises(SpecError, match="the version must be an integer from 1"):
        register_model("net", linear, version=version)


def test_a_model_honours_axes_that_there_are() -> None:
    """An axis of a wrong name is refused, with the nearest one."""
    with pytest.raises(SpecError, match="nearest valid: num_steps"):
        register_model("net", linear, axes=["num_step"])


def test_errors_know_what_is_registered() -> None:
    """An unknown name gets the nearest valid one, which may be a registered one."""
    register_dataset("rings", lambda: (np.eye(4), [0, 1, 0, 1]))
    register_model("narrow", linear)
    register_attack("margin", sure)
    wrong = {"name": "s", "datasets": ["ring"], "grids": {"g": {"model": ["narow"]}}, "attacks": ["marginal"]}
    with pytest.raises(SpecError) as error:
        read_sweep(wrong)
    lines = str(error.value).splitlines()
    assert [re.findall(r"nearest valid: (\w+)", line) for line in lines] == [["rings"], ["narrow"], ["margin"]]
    assert lines[1].startswith("sweep: grids.g.model[0]: must be 'ann' or 'snn' or 'narrow', but got 'narow'")


def test_axes_that_a_model_does_not_honour_are_dropped() -> None:
    """Points that differ in nothing else are one trial, and what it honours gets the default of a spiking network."""
    register_model("plain", linear)
    register_model("spiky", noisy, axes=["num_steps", "threshold"])
    grid = {"model": ["snn", "plain", "spiky"], "weight_bit_width": [None, 4], "num_steps": [None, 3]}
    asked = [item.spec for item in sweep_of(grids={"g": grid}).expand({"iris": "fcnet"})]
    assert [spec.model for spec in asked] == [*["snn"] * 4, "plain-v1", *["spiky-v1"] * 2]
    plain, spiky, _ = asked[4:]
    assert (plain.weight_bit_width, plain.num_steps, plain.threshold, plain.beta) == (None, None, None, None)
    assert (spiky.num_steps, spiky.threshold, spiky.beta, spiky.surrogate_gradient) == (25, 1.0, None, None)


def test_an_axis_that_no_model_of_a_grid_honours_is_an_error() -> None:
    """It is asked for, and could never have an effect."""
    register_model("plain", linear)
    with pytest.raises(SpecError, match=r"grids.g.weight_bit_width: it needs a model that honours it"):
        read_sweep({"name": "s", "datasets": ["iris"], "grids": {"g": {"model": ["plain"], "weight_bit_width": [4]}}})


def test_a_trial_s_id_covers_the_version_of_its_model() -> None:
    """Another version is another trial, and so is another name."""
    ids = {trial_of(model).trial_id("x") for model in ("net-v1", "net-v2", "ten-v1")}
    assert len(ids) == 3


def test_an_attack_of_another_version_is_another_attack() -> None:
    """Its columns have a name of their own, so that a study can hold both."""
    names = [
        RegisteredAttack(attack="margin", version=v, queries=q).name for v in (1, 2) for q in ("plain", "augmented")
    ]
    assert names == ["margin", "margin_augmented", "margin-v2", "margin-v2_augmented"]


def test_a_dataset_s_fingerprint_is_its_content() -> None:
    """Two names for the same arrays have the same one; whoever registers again gets what the new function gives."""
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    register_dataset("one", lambda: (x, y))
    register_dataset("two", lambda: {"x": x, "y": y})
    one, two = (describe_dataset(RegisteredDataset(name=name)) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    registry.forget("dataset", "two")
    register_dataset("two", lambda: (x + 1, y))
    assert describe_dataset(RegisteredDataset(name="two")).fingerprint != one.fingerprint


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: (np.eye(4), [0, 1, 0]), "one label for each example"),
        (lambda: {"x": np.eye(4)}, "missing: 'y'"),
        (lambda: (np.full((4, 2), np.nan), [0, 1, 0, 1]), "finite"),
        (lambda: (1, 2, 3), "must return"),
    ],
)
def test_unfit_arrays_are_told(load: Any, said: str) -> None:
    """What a function gives is checked as a file is, and its name stands in the message."""
    register_dataset("odd", load)
    with pytest.raises(DataError, match=f"registered dataset 'odd'.*{said}"):
        describe_dataset(RegisteredDataset(name="odd"))


def test_a_model_that_draws_while_it_is_trained_gives_the_same_numbers_again() -> None:
    """Dropout is drawn from the network's seed, whatever ran in the process before."""
    register_model("noisy", noisy)
    results = []
    for drawn in (1, 5):
        torch.rand(drawn)
        results.append(run_trial(trial_of("noisy-v1")))
    first, second = results
    assert isinstance(first, Completed)
    assert isinstance(second, Completed)
    assert first.numbers() == second.numbers()


class _Lazy(nn.Module):
    """Has a weight that it does not use."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(features, classes), nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.used(x)
        return logits


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda shape, classes, spec: nn.Linear(shape[0], classes + 1), "must return logits of shape"),
        (lambda shape, classes, spec: nn.Linear(shape[0], classes).double(), "must|dtype"),
        (lambda shape, classes, spec: nn.Flatten(), "weights to train"),
        (lambda shape, classes, spec: None, "weights to train"),
        (lambda shape, classes, spec: _Lazy(shape[0], classes), "every weight that is trained must take part"),
    ],
)
def test_a_model_that_is_no_network_fails_its_trial(build: Any, said: str) -> None:
    """The result says what was wrong with it; the sweep goes on."""
    register_model("odd", build)
    result = run_trial(trial_of("odd-v1"))
    assert isinstance(result, Failed)
    assert re.search(said, result.message)


@pytest.mark.parametrize(
    "scores", [lambda view: np.zeros(3), lambda view: view.queried.labels * np.nan, lambda view: None]
)
def test_scores_that_are_none_fail_their_trial(scores: Any) -> None:
    """An attack gives one finite number for each example."""
    register_attack("odd", scores)
    result = run_trial(trial_of("ann", "odd"))
    assert isinstance(result, Failed)
    assert "must give finite numbers of shape" in result.message


def test_a_registered_attack_finds_what_the_same_built_in_one_finds() -> None:
    """It is given what every attack is given, and judged alike."""

    def loss(view: Any) -> Any:
        logits = torch.from_numpy(view.queried.target[0]).double()
        return -nn.functional.cross_entropy(logits, torch.from_numpy(view.queried.labels), reduction="none").numpy()

    register_attack("my_loss", loss)
    spec = trial_of("ann", "my_loss")
    result = run_trial(spec.model_copy(update={"attacks": (*spec.attacks, *trial_of("ann").attacks)}))
    assert isinstance(result, Completed)
    for replicate in result.replicates:
        assert replicate.attacks["my_loss"].auc.value == pytest.approx(replicate.attacks["loss"].auc.value)


def test_a_study_is_read_where_nothing_is_registered_and_run_where_it_is(folder: Path) -> None:
    """Its tables and fronts need no code of whoever made it; to plan or run its sweep does, and the error says so."""
    done = run("sweep", "own.yaml", "--plugin", "own.py", *INLINE)
    assert done.exit_code == 0
    for entry in registry.entries():
        registry.forget(entry.kind, entry.name)
    study = privsearch.load_study("studies/own")
    assert set(study.frame()["model"]) == {"ann", "small-v1"}
    for command in ("front", "audit", "check"):
        assert run(command, "studies/own").exit_code == 0
    refused = run("sweep", "studies/own/sweep.yaml", "--study", "studies/own", *INLINE)
    assert refused.exit_code == 2
    assert "the model 'small' must be registered in this process" in refused.stderr
    assert "--plugin" in refused.stderr


def test_another_version_than_that_registered_is_refused() -> None:
    """A sweep file that names a version gets that one or none."""
    register_model("net", linear, version=2)
    with pytest.raises(SpecError, match="in version 1, but here it is in version 2"):
        make_plan(sweep_of(grids={"g": {"model": ["net-v1"]}}), Study(Path("none")))
    assert isinstance(run_trial(trial_of("net-v2")), Completed)
    assert isinstance(run_trial(trial_of("net-v1")), Failed)


def test_code_that_has_changed_under_its_version_is_told_once(folder: Path) -> None:
    """What is recorded is reused, and a warning says that it may be of other code."""

    def swept() -> str:
        for entry in registry.entries():
            registry.forget(entry.kind, entry.name)
        sys.modules.pop(next((name for name in sys.modules if name.startswith("privsearch_plugin_")), ""), None)
        return run("sweep", "own.yaml", "--plugin", "own.py", *INLINE).stderr

    assert "has changed" not in swept()
    (folder / "own.py").write_text(PLUGIN.replace("max(axis=-1)", "min(axis=-1)"))
    assert "the code of the registered attack top-v1 has changed since it was last run here" in swept()
    assert "has changed" not in swept()


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("import nonsense_xyz", "No module named"),
        (None, "No such"),
    ],
)
def test_a_plugin_that_fails_is_told(folder: Path, plugin: str | None, said: str) -> None:
    """There is no traceback, and nothing is run."""
    if plugin:
        (folder / "odd.py").write_text(plugin)
    result = run("plan", "own.yaml", "--plugin", "odd.py")
    assert result.exit_code == 2
    assert re.search(f"--plugin odd.py: .*{said}", result.stderr)


def test_a_plugin_may_be_a_module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can be imported from the current directory is found by its name."""
    (folder / "own_plugin_module.py").write_text(PLUGIN)
    use_plugin("own_plugin_module")
    assert registry.find("attack", "top")


def test_no_sweep_file_names_code(folder: Path) -> None:
    """A sweep has no field for a plugin: a stranger's runs no code."""
    (folder / "own.yaml").write_text(SWEEP + "plugin: own.py\n")
    result = run("plan", "own.yaml")
    assert result.exit_code == 2
    assert "the field must be one of" in result.stderr


def planned(folder: Path) -> list[PlannedTrial]:
    use_plugin("own.py")
    return make_plan(read_sweep(folder / "own.yaml"), Study(folder / "study")).todo


@pytest.mark.slow
def test_a_process_that_trains_gets_what_is_registered(folder: Path) -> None:
    """A training process, which has never seen the plugin, gives the numbers of this process."""
    from privsearch.sweep.runners.process import WorkerProcess
    from privsearch.sweep.runners.ray_tune.pickling import packed

    trials, job = planned(folder), TrainAndAttack()
    (folder / "own.py").unlink()
    worker = WorkerProcess(packed(job, "cpu"), {}, None)
    try:
        for trial in trials:
            answer = worker.run(trial)
            assert isinstance(answer, str)
            there, here = parse_result(answer), job(trial, "cpu")
            assert isinstance(there, Completed)
            assert isinstance(here, Completed)
            assert there.numbers() == here.numbers()
    finally:
        worker.close()


@pytest.mark.slow
def test_what_cannot_be_sent_is_told() -> None:
    """A function that holds what no other process can have is refused before anything is run."""
    import threading

    from privsearch.sweep.runners.ray_tune.pickling import packed

    lock = threading.Lock()
    register_attack("locked", lambda view: lock)
    with pytest.raises(SpecError, match="the attack 'locked' must be such that it can be sent to workers"):
        packed(TrainAndAttack(), "cpu")


@pytest.mark.slow
def test_ray_s_workers_get_what_is_registered(folder: Path) -> None:
    """Either runner gives the same numbers, with a plugin whose file the workers cannot see."""
    for runner in ("inline", "tune"):
        done = run("sweep", "own.yaml", "--plugin", "own.py", "--study", runner, "--runner", runner)
        assert done.exit_code == 0, done.output
    inline, tune = (Study(folder / runner).record().results for runner in ("inline", "tune"))
    assert inline.keys() == tune.keys()
    for trial_id, result in inline.items():
        assert isinstance(result, Completed)
        assert result.numbers() == tune[trial_id].numbers()
