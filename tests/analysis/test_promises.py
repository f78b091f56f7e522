import pandas as pd
import pytest
from builders import make_completed

from privsearch.analysis.audit import audit_table
from privsearch.analysis.frames import results_frame
from privsearch.analysis.lookup import known_trials
from privsearch.analysis.promises import has_promise, promised
from privsearch.spec.differential_privacy import DifferentialPrivacy
from privsearch.study.guarantee import Guarantee
from privsearch.study.result import Completed


def private(*epsilons: float, trial_id: str = "c" * 16) -> Completed:
    """A trial whose targets have these epsilons, in turn."""
    result = make_completed(trial_id, dp=DifferentialPrivacy(epsilon=3))
    replicates = []
    for number, replicate in enumerate(result.replicates):
        guarantee = Guarantee(
            epsilon=epsilons[number % len(epsilons)],
            delta=1e-5,
            noise_multiplier=2.0 + number,
            max_grad_norm=1.0,
            sampling_rate=0.5,
            steps=9,
            accountant="an accountant",
        )
        replicates.append(
            replicate.model_copy(update={"target": replicate.target.model_copy(update={"dp": guarantee})})
        )
    return result.model_copy(update={"replicates": tuple(replicates)})


def test_the_weakest_promise_is_that_of_the_trial() -> None:
    """Its largest epsilon and its least noise; a trial of which a target was promised nothing promises nothing."""
    result = private(2.9, 2.95)
    assert promised(result) == {"dp_epsilon": 2.95, "dp_delta": 1e-5, "dp_noise_multiplier": 2.0}
    assert promised(make_completed()) == {}
    first, *others = result.replicates
    bare = first.model_copy(update={"target": first.target.model_copy(update={"dp": None})})
    assert promised(result.model_copy(update={"replicates": (bare, *others)})) == {}


def test_tables_have_the_promise_beside_what_is_measured() -> None:
    """Where something is promised; other tables are as they were."""
    for table in (results_frame, audit_table):
        rows = table([make_completed(), private(2.9)])
        assert has_promise(rows)
        assert set(rows.loc[rows["trial_id"] == "c" * 16, "dp_epsilon"]) == {2.9}
        assert rows.loc[rows["trial_id"] != "c" * 16, "dp_epsilon"].isna().all()
        without = table([make_completed()])
        assert not has_promise(without)
        assert "dp_epsilon" not in without
    frame = results_frame([make_completed(), private(2.9)])
    assert frame["dp"].tolist()[1] == "eps 3"
    assert pd.isna(frame["dp"].tolist()[0])


def test_a_recorded_promise_is_read_back() -> None:
    """With its trial, from a line of the record."""
    result = private(2.9)
    assert Completed.model_validate_json(result.model_dump_json()) == result
    with pytest.raises(ValueError, match="epsilon"):
        Guarantee(
            epsilon=-1, delta=1e-5, noise_multiplier=1, max_grad_norm=1, sampling_rate=1, steps=1, accountant="none"
        )


def test_trials_are_told_apart_by_what_they_promise() -> None:
    """By the same words in the table as where trials are looked up."""
    specs = {
        str(epsilon): make_completed(str(epsilon), dp=DifferentialPrivacy(epsilon=epsilon)).spec for epsilon in (8, 3)
    }
    specs["none"] = make_completed("none").spec
    names = {known.trial_id: known.name for known in known_trials(specs)}
    assert {trial_id: name.split()[-2:] for trial_id, name in names.items() if trial_id != "none"} == {
        "8": ["eps", "8"],
        "3": ["eps", "3"],
    }
    assert "eps" not in names["none"]
