from typing import get_args

import numpy as np
import pytest
from scipy.stats import multivariate_normal, multivariate_t
from sklearn.covariance import ledoit_wolf

from privsearch.analysis.metrics import attack_auc
from privsearch.analysis.shrinkage import shrunken_means, shrunken_variances
from privsearch.attacks import AttackView, Outputs
from privsearch.attacks.lira import lira_scores
from privsearch.attacks.trajectory import trajectory_scores
from privsearch.errors import MetricError
from privsearch.spec.attacks import Means, Variance

SIZE = 60
IS_MEMBER = np.arange(SIZE) < SIZE // 2

both_means = pytest.mark.parametrize("means", get_args(Means))
variances = pytest.mark.parametrize("variance", ["pooled", "shrunken"])


def view(steps: int, *, seed: int = 0, gain: float = 1.0, shadows: int = 8) -> AttackView:
    """A target, half of whose examples are members, among shadows half of which are trained on everything.

    Log-odds walk from step to step, further for some examples than for others; those of members end higher.
    """
    rng = np.random.default_rng(seed)
    in_training = np.arange(shadows) < shadows // 2
    is_member = np.concatenate([IS_MEMBER[None], np.repeat(in_training[:, None], SIZE, axis=1)])
    width = np.exp(rng.normal(0.0, 0.7, size=SIZE))
    odds = rng.normal(3.0, 2.0, size=SIZE) + (width * rng.normal(size=(shadows + 1, steps, SIZE))).cumsum(axis=1)
    odds += gain * is_member[:, None] * np.linspace(0.5, 1.0, steps)[:, None]
    logits = np.stack([odds, np.zeros_like(odds)], axis=-1)
    asked = Outputs(logits[0], logits[1:], np.zeros(SIZE, dtype=int))
    return AttackView(asked, is_member[1:], (), asked[np.array([], dtype=int)])


def scores(asked: AttackView, variance: Variance, means: Means) -> np.ndarray:
    return trajectory_scores(asked, np.random.default_rng(0), variance=variance, means=means)


@both_means
@variances
def test_it_is_the_ratio_of_scipys_densities(variance: Variance, means: Means) -> None:
    """Example by example, with the covariance of all deviations, as it is or shrunken as scikit-learn does."""
    steps, each = 5, 4
    asked = view(steps)
    odds = asked.queried.shadows[..., 0]
    states = odds[:each], odds[each:]
    covariances = []
    for values in states:
        rows = (values - values.mean(axis=0)).transpose(0, 2, 1).reshape(-1, steps)
        covariance = rows.T @ rows / (SIZE * (each - 1))
        if variance == "shrunken":
            stds = np.sqrt(np.diag(covariance))
            # Scikit-learn's target is the mean variance, which is the same for all steps of standard deviation 1.
            standardized = rows / rows.std(axis=0)
            covariance = ledoit_wolf(standardized, assume_centered=True)[0] * np.outer(stds, stds)
        covariances.append(covariance)
    centres = np.concatenate([values.mean(axis=0) for values in states])
    if means == "shrunken":
        noise = np.zeros((1, 2 * steps, 2 * steps))
        noise[0, :steps, :steps], noise[0, steps:, steps:] = (covariance / each for covariance in covariances)
        centres = shrunken_means(centres, noise)
    logs = []
    for values, covariance, centre in zip(states, covariances, np.split(centres, 2), strict=True):
        residuals = values - values.mean(axis=0)
        own = np.einsum("sti,tu,sui->i", residuals, np.linalg.inv(covariance), residuals) / (steps * (each - 1))
        factors, degrees = shrunken_variances(own, steps * (each - 1))
        assert degrees < 100
        of_state = []
        for i in range(SIZE):
            if variance == "pooled":
                law = multivariate_normal(centre[:, i], covariance)
            else:
                law = multivariate_t(centre[:, i], factors[i] * covariance * (degrees - 2) / degrees, df=degrees)
            of_state.append(law.logpdf(asked.queried.target[:, i, 0]))
        logs.append(of_state)
    assert scores(asked, variance, means) == pytest.approx(np.subtract(*logs), rel=1e-6)


@both_means
@variances
def test_of_one_step_it_is_lira(variance: Variance, means: Means) -> None:
    """There is nothing to correlate; only the noise of the means is another where variances are an example's own."""
    asked = view(1)
    expected = lira_scores(asked, np.random.default_rng(0), mode="online", variance=variance, means=means)
    if (variance, means) == ("shrunken", "shrunken"):
        assert np.corrcoef(scores(asked, variance, means), expected)[0, 1] > 0.95
    else:
        assert scores(asked, variance, means) == pytest.approx(expected, rel=1e-6)


@variances
def test_a_step_told_twice_counts_once(variance: Variance) -> None:
    """Equal steps are no more evidence than one: all scores move alike."""
    once, asked = view(1), view(1)
    doubled = Outputs(
        np.repeat(asked.queried.target, 2, axis=0), np.repeat(asked.queried.shadows, 2, axis=1), asked.queried.labels
    )
    twice = AttackView(doubled, asked.shadow_is_member, (), asked.population)
    found = scores(twice, "pooled", "per_example")
    assert np.isfinite(scores(twice, variance, "shrunken")).all()
    apart = found - scores(once, "pooled", "per_example")
    assert np.ptp(apart) < 1e-3


@both_means
@variances
def test_steps_at_which_nothing_has_happened_yet_break_nothing(variance: Variance, means: Means) -> None:
    """Early membranes may be alike in all networks; later ones still tell members."""
    asked = view(4, gain=6.0)
    target, shadows = asked.queried.target.copy(), asked.queried.shadows.copy()
    target[:2], shadows[:, :2] = 0.0, 0.0
    still = AttackView(Outputs(target, shadows, asked.queried.labels), asked.shadow_is_member, (), asked.population)
    assert attack_auc(scores(still, variance, means), IS_MEMBER) > 0.8


def test_one_shadow_in_each_state_is_refused_with_the_remedy() -> None:
    """A single network has no deviations."""
    with pytest.raises(MetricError, match=r"at least 2 shadows in each state, .* halves with at least 6 networks"):
        scores(view(3, shadows=2), "shrunken", "shrunken")
