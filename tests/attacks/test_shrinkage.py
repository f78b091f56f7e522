import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import polygamma
from scipy.stats import chi2

from privsearch.attacks.shrinkage import inverse_trigamma, moderated_variances, shrunken_means


def drawn_variances(size: int, degrees: int, *, prior: float, prior_degrees: float, seed: int = 0) -> np.ndarray:
    """Sample variances of examples whose true variances follow the prior."""
    rng = np.random.default_rng(seed)
    true = np.full(size, prior)
    if math.isfinite(prior_degrees):
        true = prior * prior_degrees / rng.chisquare(prior_degrees, size=size)
    return true * rng.chisquare(degrees, size=size) / degrees


@given(st.floats(-20, 20))
def test_the_inverse_of_trigamma_is_its_inverse(exponent: float) -> None:
    """From arguments near 0 to such as are far beyond any sample."""
    y = math.exp(exponent)
    assert inverse_trigamma(float(polygamma(1, y))) == pytest.approx(y, rel=1e-6)


@pytest.mark.parametrize(("prior", "prior_degrees"), [(2.0, 4.0), (0.01, 10.0), (300.0, 1.5)])
@pytest.mark.parametrize("degrees", [1, 3, 30])
def test_the_prior_is_found_again(prior: float, prior_degrees: float, degrees: int) -> None:
    """From many examples drawn from it, whatever the scale and the number of shadows."""
    variances = drawn_variances(200_000, degrees, prior=prior, prior_degrees=prior_degrees)
    moderated, total = moderated_variances(variances, degrees, least=1e-12)
    assert total - degrees == pytest.approx(prior_degrees, rel=0.25)
    # The weights and the centre, from the straight line that leads from a variance to its estimate.
    slope, intercept = np.polyfit(variances, moderated, 1)
    assert slope == pytest.approx(degrees / total, rel=1e-6)
    assert intercept / (1 - slope) == pytest.approx(prior, rel=0.05)


def test_the_estimate_is_the_posteriors() -> None:
    """By numerical integration over the true variance: one over the posterior mean of its reciprocal."""
    variances = drawn_variances(500, 3, prior=2.0, prior_degrees=4.0)
    moderated, total = moderated_variances(variances, 3, least=1e-12)
    prior_degrees = total - 3
    prior = (moderated[0] * total - 3 * variances[0]) / prior_degrees

    def weight(precision: float, variance: float) -> float:
        # Of precision ~ chi^2_d0 / (d0 s0^2), and of variance * d * precision ~ chi^2_d, both up to constants.
        return float(
            chi2.pdf(precision * prior_degrees * prior, prior_degrees)
            * chi2.pdf(3 * variance * precision, 3)
            * precision
        )

    for variance, estimate in zip(variances[:5], moderated[:5], strict=True):
        total_weight, _ = quad(weight, 0, 50, args=(variance,), limit=200)
        mean, _ = quad(lambda p, v: p * weight(p, v), 0, 50, args=(variance,), limit=200)
        assert estimate == pytest.approx(total_weight / mean, rel=1e-6)


def test_variances_that_differ_by_chance_alone_become_their_mean() -> None:
    """Then an example's own variance is noise, and the degrees of freedom are infinite."""
    variances = np.array([0.9, 1.0, 1.1, 1.2])
    moderated, total = moderated_variances(variances, 3, least=1e-12)
    assert moderated == pytest.approx(np.full(4, 1.05), rel=1e-12)
    assert total == math.inf


def test_variances_with_many_degrees_keep_to_themselves() -> None:
    """What is known well is hardly moved, however few the examples."""
    variances = np.array([1.0, 10.0, 100.0])
    moderated, _ = moderated_variances(variances, 10_000, least=1e-12)
    assert moderated == pytest.approx(variances, rel=0.02)


@pytest.mark.parametrize("variances", [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [3.0]])
def test_no_variance_is_lost_at_zero(variances: list[float]) -> None:
    """Shadows that agree, or a single example: finite numbers above 0."""
    moderated, total = moderated_variances(np.array(variances), 2, least=1e-12)
    assert np.isfinite(moderated).all()
    assert (moderated > 0).all()
    assert total > 2


def test_means_are_the_posteriors() -> None:
    """Each example by itself: precisions add, those of the prior and those of its own means."""
    rng = np.random.default_rng(0)
    means = np.array([[5.0], [6.0]]) + np.array([[2.0, 0.3], [1.0, 1.5]]) @ rng.normal(size=(2, 60))
    noise = rng.uniform(0.01, 0.3, size=(2, 60))
    centre, prior = means.mean(axis=1), np.cov(means) - np.diag(noise.mean(axis=1))
    found = shrunken_means(means, noise)
    for own, uncertain, estimate in zip(means.T, noise.T, found.T, strict=True):
        precision = np.linalg.inv(prior) + np.diag(1 / uncertain)
        expected = np.linalg.solve(precision, np.linalg.inv(prior) @ centre + own / uncertain)
        assert estimate == pytest.approx(expected, rel=1e-9)


def test_means_without_noise_are_the_examples_own() -> None:
    """Nothing is gained by drawing them anywhere."""
    means = np.random.default_rng(0).normal(size=(2, 50))
    assert shrunken_means(means, np.full((2, 50), 1e-12)) == pytest.approx(means, rel=1e-9)


def test_gaps_that_differ_by_noise_alone_become_one() -> None:
    """Easy examples and hard ones at one distance between the states, which many examples tell well."""
    rng = np.random.default_rng(0)
    easy = rng.normal(5.0, 3.0, size=20_000)
    means = easy + np.array([[0.0], [1.0]]) + rng.normal(scale=0.5, size=(2, 20_000))
    out, inside = shrunken_means(means, np.full((2, 20_000), 0.25))
    assert (means[1] - means[0]).std() > 0.7
    assert inside - out == pytest.approx(np.ones(20_000), abs=0.1)
    assert ((out - easy) ** 2).mean() < 0.6 * ((means[0] - easy) ** 2).mean()


def test_shrunken_means_are_nearer_to_the_true_ones() -> None:
    """In two states that vary together, in one alone, and where a few examples differ in nothing."""
    rng = np.random.default_rng(0)
    easy = rng.normal(5.0, 1.0, size=4000)
    true = np.stack([easy, 8.0 - 0.4 * easy + rng.normal(scale=0.3, size=4000)])
    means = true + rng.normal(size=true.shape)
    for states in (slice(0, 2), slice(0, 1)):
        found = shrunken_means(means[states], np.ones_like(means[states]))
        assert ((found - true[states]) ** 2).mean() < 0.6
    alike = shrunken_means(np.array([[1.0, 2.0, 3.0]]), np.full((1, 3), 9.0))
    assert alike == pytest.approx(np.full((1, 3), 2.0))
