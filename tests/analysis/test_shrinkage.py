import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, t

from privsearch.analysis.shrinkage import shrunken_means, shrunken_variances


def drawn_variances(size: int, degrees: int, *, prior: float, prior_degrees: float) -> np.ndarray:
    """Sample variances of examples whose true variances follow the prior."""
    rng = np.random.default_rng(0)
    true = prior * prior_degrees / rng.chisquare(prior_degrees, size=size)
    return true * rng.chisquare(degrees, size=size) / degrees


@pytest.mark.parametrize("prior", [0.01, 300.0])
@pytest.mark.parametrize("degrees", [1, 3, 30])
def test_variances_are_the_posterior_means(prior: float, degrees: int) -> None:
    """Of many examples drawn from a prior: the variance's mean, and the degrees of freedom of a further deviation."""
    variances = drawn_variances(200_000, degrees, prior=prior, prior_degrees=20)
    shrunken, total = shrunken_variances(variances, degrees)
    expected = (20 * prior + degrees * variances) / (20 + degrees - 2)
    np.testing.assert_allclose(shrunken, expected, rtol=0.2)
    assert np.mean(shrunken / expected) == pytest.approx(1, abs=0.01)
    assert total == pytest.approx(20 + degrees, rel=0.1)


def test_a_deviation_follows_students_t() -> None:
    """By numerical integration over the true variance, given a sample variance and the prior."""
    variances = drawn_variances(2000, 3, prior=2.0, prior_degrees=10)
    shrunken, total = shrunken_variances(variances, 3)
    prior_degrees = total - 3
    for variance, estimate in zip(variances[:3], shrunken[:3], strict=True):
        prior = (estimate * (total - 2) - 3 * variance) / prior_degrees

        def weight(precision: float, prior: float = prior, variance: float = variance) -> float:
            # Precision ~ chi^2_d0 / (d0 s0^2), and variance * d * precision ~ chi^2_d, both up to constants.
            scaled = chi2.pdf(precision * prior_degrees * prior, prior_degrees) * chi2.pdf(3 * variance * precision, 3)
            return float(scaled * precision)

        def density(precision: float, deviation: float) -> float:
            normal = math.sqrt(precision / (2 * math.pi)) * math.exp(-precision * deviation**2 / 2)
            return weight(precision) * normal

        whole, _ = quad(weight, 0, 30, limit=200)
        for deviation in (0.0, 1.5, 4.0):
            found, _ = quad(density, 0, 30, args=(deviation,), limit=200)
            scale = math.sqrt(estimate * (total - 2) / total)
            assert found / whole == pytest.approx(t.pdf(deviation, total, scale=scale), rel=1e-6)


def test_variances_that_differ_by_chance_alone_become_their_mean() -> None:
    """Then an example's own variance is noise, and the degrees of freedom are infinite."""
    shrunken, total = shrunken_variances(np.array([0.9, 1.0, 1.1, 1.2]), 3)
    assert shrunken == pytest.approx(np.full(4, 1.05), rel=1e-12)
    assert total == math.inf


def test_variances_with_many_degrees_keep_to_themselves() -> None:
    """What is known well is hardly moved, however few the examples."""
    variances = np.array([1.0, 10.0, 100.0])
    shrunken, _ = shrunken_variances(variances, 10_000)
    assert shrunken == pytest.approx(variances, rel=0.02)


@pytest.mark.parametrize("variances", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 100.0], [3.0]])
def test_shadows_that_agree_break_nothing(variances: list[float]) -> None:
    """Variances of 0, most of them or all, or a single example: finite numbers."""
    shrunken, total = shrunken_variances(np.array(variances), 2)
    assert np.isfinite(shrunken).all()
    assert (shrunken >= 0).all()
    assert total > 2


def diagonal(noise: np.ndarray) -> np.ndarray:
    """The covariances `(n, d, d)` of independent noise with these variances `(d, n)`."""
    return noise.T[:, :, None] * np.eye(len(noise))


def test_means_are_the_posteriors() -> None:
    """Each example by itself: precisions add, those of the prior and those of its own means."""
    rng = np.random.default_rng(0)
    means = np.array([[5.0], [6.0]]) + np.array([[2.0, 0.3], [1.0, 1.5]]) @ rng.normal(size=(2, 60))
    noise = rng.uniform(0.01, 0.3, size=(2, 60))
    centre, prior = means.mean(axis=1), np.cov(means) - np.diag(noise.mean(axis=1))
    found = shrunken_means(means, diagonal(noise))
    for own, uncertain, estimate in zip(means.T, noise.T, found.T, strict=True):
        precision = np.linalg.inv(prior) + np.diag(1 / uncertain)
        expected = np.linalg.solve(precision, np.linalg.inv(prior) @ centre + own / uncertain)
        assert estimate == pytest.approx(expected, rel=1e-9)


def test_means_without_noise_are_the_examples_own() -> None:
    """Nothing is gained by drawing them anywhere."""
    means = np.random.default_rng(0).normal(size=(2, 50))
    assert shrunken_means(means, 1e-12 * np.eye(2)[None]) == pytest.approx(means, rel=1e-9)


def test_gaps_that_differ_by_noise_alone_become_one() -> None:
    """Easy examples and hard ones at one distance between the states, which many examples tell well."""
    rng = np.random.default_rng(0)
    easy = rng.normal(5.0, 3.0, size=20_000)
    means = easy + np.array([[0.0], [1.0]]) + rng.normal(scale=0.5, size=(2, 20_000))
    out, inside = shrunken_means(means, 0.25 * np.eye(2)[None])
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
        found = shrunken_means(means[states], diagonal(np.ones_like(means[states])))
        assert ((found - true[states]) ** 2).mean() < 0.6
    alike = shrunken_means(np.array([[1.0, 2.0, 3.0]]), np.full((1, 1, 1), 9.0))
    assert alike == pytest.approx(np.full((1, 3), 2.0))
