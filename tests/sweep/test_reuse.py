from typing import Any

import pytest
from builders import make_completed
from versions import OtherVersions

from privsearch.data import describe_dataset
from privsearch.spec import NUMERICS_VERSION, SvmAttack, ThresholdAttack, TrialSpec
from privsearch.study.environment import present_environment
from privsearch.study.record import merged
from privsearch.study.result import Completed, TrialResult, parse_result
from privsearch.sweep.reuse import has_present_versions, superseded

OLD = "privsearch 0.1.0, torch 2.10.0 on a processor"
NEW = "privsearch 0.1.0, torch 2.11.0 on a processor"


def found(*environments: str, accuracy: float = 0.9, attacks: tuple[Any, ...] = (SvmAttack(),)) -> Completed:
    result = make_completed(accuracy=accuracy, attacks=attacks)
    return result.model_copy(update={"environments": environments})


def both(earlier: TrialResult, later: TrialResult) -> Completed:
    result = merged(earlier, later)
    assert isinstance(result, Completed)
    return result


def test_what_was_trained_again_elsewhere_stands_alone() -> None:
    """Its networks are others: neither their attacks nor their times are added to the earlier ones."""
    later = found(NEW, accuracy=0.8, attacks=(ThresholdAttack(kind="loss"),))
    assert both(found(OLD), later) == later


def test_an_attack_that_came_later_joins_the_others() -> None:
    """The networks are the same, so their attacks are one trial's; where each was computed is kept."""
    later = found(OLD, NEW, attacks=(ThresholdAttack(kind="loss"),))
    result = both(found(OLD), later)
    assert (list(result.across), result.environments) == (["svm", "loss"], (OLD, NEW))


def test_what_was_attacked_again_is_of_the_later_environments() -> None:
    """Where nothing of the earlier one is left, nor is where it was attacked; what was trained is the same."""
    both_attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    assert both(found(OLD, NEW), found(OLD, attacks=both_attacks)).environments == (OLD,)
    assert both(found(OLD, NEW, attacks=both_attacks), found(OLD)).environments == (OLD, NEW)


def test_a_result_without_an_environment_can_be_read() -> None:
    """As records from before have none: unknown, and nobody looked for dead networks."""
    result = parse_result(found(OLD).model_dump_json(exclude={"environments", "dead"}))
    assert isinstance(result, Completed)
    assert (result.environments, result.dead) == (("unknown",), None)
    assert result.numbers() == found(OLD).numbers()


def test_versions_are_those_of_training_and_attacks(other_versions: OtherVersions) -> None:
    """One that was computed in part under others is not of the present versions; a processor has no version."""
    here = present_environment()
    assert has_present_versions(found(here))
    assert has_present_versions(found(f"{here}, another one"))
    other_versions(torch="9.9")
    assert not has_present_versions(found(here))
    assert not has_present_versions(found(present_environment(), here))


@pytest.mark.parametrize(
    ("fingerprint", "version", "expected"),
    [
        ("other data", NUMERICS_VERSION, ({"iris": 1}, {})),
        (None, NUMERICS_VERSION - 1, ({}, {"iris": 1})),
        (None, NUMERICS_VERSION, ({}, {})),
    ],
)
def test_what_changed_is_told_apart(
    fingerprint: str | None, version: int, expected: tuple[dict[str, int], dict[str, int]]
) -> None:
    """The data, or what a configuration means; a trial that nobody asks for is neither."""
    info = describe_dataset("iris")
    spec = TrialSpec(dataset="iris", model="ann").canonical("fcnet")
    recorded = make_completed(spec.trial_id(fingerprint or info.fingerprint, version))
    recorded = recorded.model_copy(update={"spec": spec})
    asked = {spec.trial_id(info.fingerprint)} - {recorded.trial_id}
    changed = superseded([recorded], {"iris": info}, asked)
    assert (changed.by_data, changed.by_meaning) == expected
    assert changed.total == sum(map(len, expected))
