from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC
from threadpoolctl import threadpool_info, threadpool_limits

from privsearch.analysis.metrics import attack_auc
from privsearch.attacks import rbf_svm
from privsearch.attacks.rbf_svm import rbf_svm_scores, robust_variance


def examples(size: int, *, features: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that tell a little about membership, in single precision, as networks give them."""
    rng = np.random.default_rng(seed)
    is_member = np.arange(size) % 2 == 0
    logits = rng.normal(1.0, 3.0, size=(size, features)) + is_member[:, None]
    return logits.astype(np.float32), is_member


def library(learnt: np.ndarray, is_member: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return SVC(kernel="rbf").fit(learnt, is_member).decision_function(asked)


@settings(max_examples=40)
@given(st.integers(2, 80), st.integers(1, 60), st.integers(1, 12), st.integers(-4, 4), st.integers(0, 99))
def test_it_is_scikit_learns_svc(learnt: int, asked: int, features: int, scale: int, seed: int) -> None:
    """The scores are the library call's, however many, wide and large the outputs are."""
    x, is_member = examples(learnt + asked, features=features, seed=seed)
    x = x * np.float32(10.0**scale)
    seen = x[:learnt], is_member[:learnt], x[learnt:]
    np.testing.assert_allclose(rbf_svm_scores(*seen), library(*seen), rtol=0, atol=1e-10)


def test_scores_in_several_blocks_are_those_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many examples are asked about at once changes nothing."""
    (learnt, is_member), (asked, _) = examples(60), examples(101, seed=1)
    whole = rbf_svm_scores(learnt, is_member, asked)
    monkeypatch.setattr(rbf_svm, "BLOCK", 500)
    np.testing.assert_allclose(rbf_svm_scores(learnt, is_member, asked), whole, rtol=0, atol=1e-12)


@pytest.mark.skipif(not find_spec("sklearnex"), reason="scikit-learn-intelex is not installed")
def test_the_faster_solver_finds_the_same_auc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitted by scikit-learn-intelex, the AUC agrees with scikit-learn's to 1e-4, and the scores are other ones."""
    monkeypatch.setattr(rbf_svm, "MANY", 0)
    (learnt, is_member), (asked, truth) = examples(1000), examples(3000, seed=1)
    fast, plain = (find(learnt, is_member, asked) for find in (rbf_svm_scores, library))
    assert attack_auc(plain, truth) > 0.6
    assert abs(attack_auc(fast, truth) - attack_auc(plain, truth)) < 1e-4
    assert 1e-10 < np.abs(fast - plain).max() < 5e-3


def test_without_the_faster_solver_many_examples_are_fitted_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn-intelex is an accelerator, and nothing is missing where it is not installed."""
    monkeypatch.setattr(rbf_svm, "MANY", 0)
    monkeypatch.setattr(rbf_svm, "find_spec", lambda name: None)
    seen = *examples(200), examples(100, seed=1)[0]
    np.testing.assert_allclose(rbf_svm_scores(*seen), library(*seen), rtol=0, atol=1e-10)


def test_equal_outputs_have_equal_scores_wherever_they_stand() -> None:
    """Ties are kept to the last digit: what comes last in a matrix product is rounded like what comes first."""
    learnt, is_member = examples(90, features=3)
    few = np.round(examples(1003, features=3, seed=1)[0] / 4)
    scores = rbf_svm_scores(learnt, is_member, few)
    _, where = np.unique(few, axis=0, return_inverse=True)
    assert len(np.unique(scores)) == where.max() + 1 < 500


def test_a_score_does_not_depend_on_the_run() -> None:
    """The same outputs give the same bits."""
    seen = *examples(300), examples(200, seed=1)[0]
    assert np.array_equal(rbf_svm_scores(*seen), rbf_svm_scores(*seen))


@pytest.mark.parametrize("many", [0, 1000])
def test_one_thread_is_used_and_the_others_given_back(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """A worker that shares a machine takes one core, whichever solver fits and whatever the process is allowed."""
    monkeypatch.setattr(rbf_svm, "MANY", many)
    fitted_by = rbf_svm._svc
    during: list[set[int]] = []

    def spied(width: float, **kwargs: bool) -> SVC:
        model = fitted_by(width, **kwargs)
        during.append({pool["num_threads"] for pool in threadpool_info()} | {getattr(model, "n_jobs", 1)})
        return model

    monkeypatch.setattr(rbf_svm, "_svc", spied)
    with threadpool_limits(2):
        before = threadpool_info()
        rbf_svm_scores(*examples(20), examples(20, seed=1)[0])
        assert during == [{1}]
        assert threadpool_info() == before
        assert {pool["num_threads"] for pool in before} != {1}


def test_outputs_that_are_not_finite_are_refused() -> None:
    """Nothing is made up where a network's outputs are broken."""
    learnt, is_member = examples(20)
    learnt[3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        rbf_svm_scores(learnt, is_member, learnt)


def test_one_odd_output_does_not_set_a_robust_width() -> None:
    """With it the scores of all others are as they were; with the variance they are next to equal."""
    learnt, is_member, asked = *examples(60), examples(60, seed=1)[0]
    odd = learnt.copy()
    odd[7] = -1e5
    spread = {}
    for width in ("variance", "robust"):
        before, after = (rbf_svm_scores(one, is_member, asked, width) for one in (learnt, odd))  # type: ignore[arg-type]
        spread[width] = after.std() / before.std()
    assert spread["variance"] < 0.1
    assert 0.8 < spread["robust"] < 1.2


def test_a_robust_variance_is_the_variance_of_normal_numbers() -> None:
    """And of those whose quartiles are one value, so that there is a width at all."""
    values = np.random.default_rng(0).normal(3, 2, (4000, 3))
    assert robust_variance(values) == pytest.approx(4, rel=0.05)
    assert robust_variance(np.where(np.arange(20)[:, None] == 3, 1.0, 0.0)) == pytest.approx(0.0475)
