from typing import Any

import pytest
from builders import make_completed

from privsearch.data import describe_dataset
from privsearch.spec import PaperProtocol, SweepSpec, ThresholdAttack, TrialRequest, TrialSpec
from privsearch.study.result import Completed
from privsearch.sweep.equal import distinct_trainings, of_size
from privsearch.sweep.splits import canonical
from privsearch.sweep.trial import run_trial

IRIS = describe_dataset("iris")


def spec(**fields: Any) -> TrialSpec:
    """A canonical trial on the 120 training examples of Iris."""
    given = {"dataset": "iris", "model": "ann", "protocol": PaperProtocol(replicates=1)}
    return canonical(TrialSpec.model_validate(given | fields), IRIS)


def requests(*specs: TrialSpec) -> list[TrialRequest]:
    """Each asked for by a grid of its own."""
    return [TrialRequest(one, (f"g{number}",)) for number, one in enumerate(specs)]


EQUAL = [
    ({"train_size": 120}, {}),
    ({"test_size": 30}, {}),
    ({"batch_size": 120}, {}),
    ({"batch_size": 100_000}, {}),
    ({"batch_size": 500, "train_size": 60}, {"train_size": 60}),
    ({"model": "snn", "num_steps": 1, "beta": 0.3}, {"model": "snn", "num_steps": 1}),
    ({"model": "snn", "num_steps": 1, "readout": "mean"}, {"model": "snn", "num_steps": 1}),
]


@pytest.mark.parametrize(("fields", "plainer"), EQUAL, ids=str)
def test_equal_trainings_have_one_form(fields: dict[str, Any], plainer: dict[str, Any]) -> None:
    """That of the defaults, so that what is recorded with these keeps its id."""
    assert of_size(spec(**fields), IRIS) == of_size(spec(**plainer), IRIS) == spec(**plainer)


@pytest.mark.parametrize(
    "fields",
    [
        {"train_size": 119},
        {"batch_size": 119},
        {"batch_size": 60, "train_size": 61},
        {"model": "snn", "num_steps": 2, "beta": 0.3},
        {"model": "snn", "num_steps": 2, "readout": "mean"},
    ],
    ids=str,
)
def test_other_trainings_have_their_own(fields: dict[str, Any]) -> None:
    """One example fewer is another training, and two steps have a decay."""
    assert of_size(spec(**fields), IRIS) == spec(**fields)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"batch_size": 100_000, "train_size": 120}, {}),
        (
            {"model": "snn", "num_steps": 1, "beta": 0.3, "act_bit_width": 4},
            {"model": "snn", "num_steps": 1, "act_bit_width": 4},
        ),
    ],
)
def test_they_are_equal_to_the_bit(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same accuracies, losses and attacks."""
    shared = {"epochs": 2, "attacks": (ThresholdAttack(kind="loss"),)}
    first, second = (run_trial(spec(**shared, **fields)) for fields in (one, other))
    assert isinstance(first, Completed)
    assert isinstance(second, Completed)
    assert first.replicates == second.replicates
    assert first.across == second.across


def test_a_sweep_asks_for_each_once() -> None:
    """For all of its grids, in the place of the first."""
    asked = requests(spec(batch_size=500), spec(epochs=3), spec(), spec(train_size=120))
    joined = distinct_trainings(asked, {"iris": IRIS}, {})
    assert [(one.spec, one.grids) for one in joined] == [(spec(), ("g0", "g2", "g3")), (spec(epochs=3), ("g1",))]


def test_what_is_recorded_in_another_form_is_found() -> None:
    """A study goes on with the trials that it has, and nothing is trained again."""
    other = spec(train_size=120, batch_size=500)
    trial_id = other.trial_id(IRIS.fingerprint)
    results = {trial_id: make_completed(trial_id).model_copy(update={"spec": other})}
    (asked,) = distinct_trainings(requests(spec()), {"iris": IRIS}, results)
    assert asked.spec.trial_id(IRIS.fingerprint) == trial_id
    both = results | {spec().trial_id(IRIS.fingerprint): make_completed("b" * 16)}
    assert distinct_trainings(requests(spec()), {"iris": IRIS}, both)[0].spec == spec()


@pytest.mark.parametrize("how", [{"duplicates": "group"}, {"group": "patient"}])
def test_sizes_of_data_that_stay_together_are_not_known(tiny_sweep: SweepSpec, how: dict[str, str]) -> None:
    """Their splits may have another size than planned."""
    grouped = {"name": "mine", "path": "mine.csv", "label": "y", **how}
    one = spec(batch_size=500, train_size=120).model_copy(
        update={"dataset": SweepSpec.model_validate(tiny_sweep.model_dump() | {"datasets": [grouped]}).datasets[0]}
    )
    assert of_size(one, IRIS) is one
