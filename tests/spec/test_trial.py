import pytest
from pydantic import ValidationError

from privsearch.spec import CsvDataset, PaperProtocol, SvmAttack, TrialSpec

SPEC = TrialSpec(dataset="iris", model="snn").canonical("fcnet")


def test_defaults_that_matter_are_written_out() -> None:
    """A canonical SNN says which surrogate gradient, how many steps and what decay it has."""
    assert (SPEC.surrogate_gradient, SPEC.num_steps, SPEC.beta) == ("fast_sigmoid", 25, 0.95)


def test_saying_a_default_aloud_is_the_same_trial() -> None:
    """None and the default that it stands for have one id."""
    said = TrialSpec(dataset="iris", model="snn", num_steps=25, act_bit_width=4, threshold=1.0).canonical("fcnet")
    unsaid = TrialSpec(dataset="iris", model="snn", act_bit_width=4).canonical("fcnet")
    assert said.trial_id("f") == unsaid.trial_id("f")


@pytest.mark.parametrize(
    "change",
    [
        {"model": "ann"},
        {"weight_bit_width": 4},
        {"epochs": 21},
        {"seed": 1},
        {"protocol": PaperProtocol(replicates=4)},
        {"beta": 0.9},
        {"train_size": 50},
    ],
)
def test_what_changes_the_numbers_changes_the_id(change: dict[str, object]) -> None:
    """Every field that training depends on is part of the trial's identity."""
    assert SPEC.model_copy(update=change).trial_id("f") != SPEC.trial_id("f")


def test_the_content_of_a_dataset_is_part_of_the_id_and_its_path_is_not() -> None:
    """Moving a file keeps what was computed from it; changing it does not."""
    here, there = (TrialSpec(dataset=CsvDataset(name="d", path=path, label="y"), model="ann") for path in ("a", "b"))
    assert here.trial_id("same") == there.trial_id("same")
    assert here.trial_id("same") != here.trial_id("other")


def test_attacks_are_not_part_of_the_id() -> None:
    """A recorded trial can gain an attack without becoming another trial."""
    more = SPEC.model_copy(update={"attacks": (SvmAttack(), SvmAttack(per_class=True))})
    assert more.trial_id("f") == SPEC.trial_id("f")


def test_the_id_of_a_known_trial_stays() -> None:
    """A change that moves ids loses every record: it must be meant, and raise NUMERICS_VERSION."""
    assert SPEC.trial_id("0" * 64) == "620f5af5dc6938b5"


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight_bit_width": 3.5},
        {"weight_bit_width": 1},
        {"weight_bit_width": True},
        {"model": "rnn"},
        {"threshold": float("nan")},
        {"beta": 1.5},
        {"wieght_bit_width": 4},
        {"num_steps": "25"},
        {"attacks": ()},
    ],
)
def test_a_value_outside_its_rule_is_refused(wrong: dict[str, object]) -> None:
    """No coercion, no unknown field, no silent default."""
    with pytest.raises(ValidationError):
        TrialSpec.model_validate({"dataset": "iris", "model": "snn", **wrong})
