import json

import pytest
from builders import make_completed
from pydantic import ValidationError

from privsearch._util.interval import Interval
from privsearch.spec import SvmAttack, ThresholdAttack
from privsearch.study.blind import BlindBaselines, InputsBaseline, UntrainedBaseline, UntrainedTarget, merged_baselines
from privsearch.study.record import merged
from privsearch.study.result import Completed, parse_result, restricted_to

SVM, LOSS = SvmAttack(), ThresholdAttack(kind="loss")


def with_blind(*attacks: str, refused: str | None = None) -> BlindBaselines:
    target = UntrainedTarget(auc=Interval(0.6, 0.5, 0.7), placebo_auc=0.5, excess_auc=0.1)
    found = UntrainedBaseline(auc=target.auc, targets=(target,))
    inputs = InputsBaseline(auc=Interval(0.5, 0.4, 0.6), num_members=10, num_non_members=10)
    return BlindBaselines(
        inputs=inputs, untrained=dict.fromkeys(attacks, found), refused={refused: "dead"} if refused else {}
    )


def trial(*attacks: str, blind: BlindBaselines | None) -> Completed:
    chosen = tuple(attack for attack in (SVM, LOSS) if attack.name in attacks)
    return make_completed(attacks=chosen).model_copy(update={"blind": blind})


def test_a_record_keeps_the_baselines() -> None:
    """And an older one, which has none, is read as it was."""
    result = trial("svm", "loss", blind=with_blind("svm", refused="loss"))
    line = result.model_dump_json()
    assert parse_result(line) == result
    older = json.loads(line)
    del older["blind"]
    assert parse_result(json.dumps(older)) == result.model_copy(update={"blind": None})


def test_a_number_that_is_not_finite_is_no_baseline() -> None:
    """Whoever wrote the record."""
    content = json.loads(with_blind("svm").model_dump_json())
    content["untrained"]["svm"]["auc"]["value"] = float("inf")
    with pytest.raises(ValidationError):
        BlindBaselines.model_validate(content)


def test_an_attack_that_comes_later_brings_its_baseline() -> None:
    """The others keep theirs; a training whose baselines were not measured takes nothing away."""
    both = merged(trial("svm", blind=with_blind("svm")), trial("loss", blind=with_blind("loss")))
    assert isinstance(both, Completed)
    assert both.blind == with_blind("svm", "loss")
    assert merged_baselines(with_blind("svm"), None) == merged_baselines(None, with_blind("svm")) == with_blind("svm")
    assert merged_baselines(None, None) is None


def test_a_result_without_an_attack_is_without_its_baseline() -> None:
    """The classifier's stays, as no attack changes it."""
    result = restricted_to(trial("svm", "loss", blind=with_blind("svm", refused="loss")), (SVM,))
    assert isinstance(result, Completed)
    assert result.blind == with_blind("svm")
