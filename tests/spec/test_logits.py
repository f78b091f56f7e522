"""Which output is a network's logits, and which attacks come to the same because of it."""

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from privsearch.spec import SvmAttack, SweepSpec, ThresholdAttack

ON = {seen: {"kind": "svm", "signals": seen} for seen in ("final_mem", "mean_mem", "spike_counts")}


def sweep(**fields: Any) -> SweepSpec:
    """A sweep of iris."""
    return SweepSpec.model_validate({"name": "s", "datasets": ["iris"], **fields})


def attacked(spec: SweepSpec) -> dict[tuple[str, str | None], list[str]]:
    """The names of the attacks on each kind of trial."""
    trials = [request.spec for request in spec.expand({"iris": "fcnet", "digits": "fcnet"})]
    return {(trial.model, trial.readout): [attack.name for attack in trial.attacks] for trial in trials}


def test_the_order_of_attacks_decides_nothing() -> None:
    """One of three is always another, but not always the same other one."""
    for asked in itertools.permutations(["svm", ON["final_mem"], ON["mean_mem"]]):
        found = attacked(sweep(grids=BOTH, attacks=list(asked)))
        assert {key: set(names) for key, names in found.items()} == {
            ("ann", None): {"svm"},
            ("snn", "final"): {"svm", "svm_mean_mem"},
            ("snn", "mean"): {"svm", "svm_final_mem"},
        }


BOTH = {"g": {"model": ["ann", "snn"], "readout": ["final", "mean"]}}


def test_each_trial_is_attacked_once_by_what_comes_to_the_same() -> None:
    """The default is the attack on the logits; who asks for the other membrane by its name gets that."""
    found = attacked(sweep(grids=BOTH, attacks=["svm", *ON.values(), "label_only"]))
    assert found == {
        ("ann", None): ["svm", "label_only"],
        ("snn", "final"): ["svm", "svm_mean_mem", "svm_spike_counts", "label_only"],
        ("snn", "mean"): ["svm", "svm_final_mem", "svm_spike_counts", "label_only"],
    }


def test_objectives_are_of_what_all_trials_have() -> None:
    """An attack that is called otherwise on some of them is none of these."""
    spec = sweep(grids=BOTH, attacks=["svm", ON["final_mem"], "loss"])
    assert {"svm.auc", "loss.auc", "worst.auc"} <= set(spec.objective_columns())
    assert "svm_final_mem.auc" not in spec.objective_columns()
    with pytest.raises(ValidationError, match=r"svm_final_mem\.auc"):
        sweep(
            grids=BOTH,
            attacks=["svm", ON["final_mem"]],
            objectives={"test_accuracy": "maximize", "svm_final_mem.auc": "minimize"},
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"grids": {"g": {"model": ["snn"], "readout": ["mean"]}}},
        {"grids": {"g": {"model": ["snn"]}}, "recipe": {"readout": "mean"}},
        {"grids": {"g": {"model": ["snn"]}}, "recipe": {"overrides": {"iris": {"readout": "mean"}}}},
        {"search": {"trials": 2, "space": {"model": ["snn"], "readout": ["mean"], "beta": [0.5, 0.9]}}},
    ],
    ids=["grid", "recipe", "override", "search"],
)
def test_what_is_the_same_for_all_trials_is_said_once(fields: dict[str, Any]) -> None:
    """In the sweep's own attacks too, so that columns have the names that trials give them."""
    spec = sweep(**fields, attacks=[ON["mean_mem"]])
    assert spec.attacks == (SvmAttack(),)
    assert "svm.auc" in spec.objective_columns()
    with pytest.raises(ValidationError, match="every attack must be asked for once, but got 'svm' again"):
        sweep(**fields, attacks=["svm", ON["mean_mem"]])


def test_sweeps_without_a_choice_are_what_they_were() -> None:
    """`final_mem` was the default, and such an attack has no readout in its name."""
    grids = {"g": {"model": ["ann", "snn"]}}
    spec = sweep(grids=grids, attacks=[ON["final_mem"], {"kind": "loss", "signals": "final_mem"}])
    assert spec.attacks == (SvmAttack(), ThresholdAttack(kind="loss"))
    assert attacked(spec) == {("ann", None): ["svm", "loss"], ("snn", "final"): ["svm", "loss"]}


def test_an_attack_that_is_another_one_wherever_it_runs_is_refused() -> None:
    """It is not run on ANNs, and on these spiking networks it is the default."""
    grids = {"g": {"model": ["ann", "snn"], "readout": ["mean"]}}
    with pytest.raises(ValidationError, match="it comes to the same as svm wherever it can be run, as both see what"):
        sweep(grids=grids, attacks=["svm", ON["mean_mem"]])
    with pytest.raises(ValidationError, match="wherever it can be run") as caught:
        sweep(grids=grids, attacks=[ON["mean_mem"], "loss", "svm"])
    assert [error["loc"] for error in caught.value.errors()] == [("attacks", 0)]
    found = attacked(sweep(grids=grids, attacks=[ON["mean_mem"], "loss"]))
    assert found == {("ann", None): ["loss"], ("snn", "mean"): ["svm", "loss"]}


def test_datasets_may_be_read_differently() -> None:
    """An override of the recipe makes trials of both kinds."""
    spec = sweep(
        datasets=["iris", "digits"],
        grids={"g": {"model": ["snn"]}},
        recipe={"overrides": {"digits": {"readout": "mean"}}},
        attacks=["svm", ON["mean_mem"]],
    )
    assert spec.network_kinds() == (("snn", "final_mem"), ("snn", "mean_mem"))
    assert attacked(spec) == {("snn", "final"): ["svm", "svm_mean_mem"], ("snn", "mean"): ["svm"]}
