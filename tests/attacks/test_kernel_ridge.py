import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from privsearch.attacks import kernel_ridge
from privsearch.attacks.kernel_ridge import RIDGES, WIDTHS, Examples, regress

CLASSES = 3


def examples(size: int, seed: int = 0, features: int = 4) -> Examples:
    rng = np.random.default_rng(seed)
    return Examples(rng.normal(size=(size, features)), rng.integers(CLASSES, size=size))


def smooth(known: Examples, noise: float, seed: int = 1) -> np.ndarray:
    """A curved function of the inputs, another one for each class, and noise."""
    rng = np.random.default_rng(seed)
    own = np.sin(known.inputs[:, 0]) * (1 + known.labels) + known.inputs[:, 1]
    return np.asarray(own + noise * rng.normal(size=len(own)))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_it_is_kernel_ridge_regression_tuned_by_leaving_one_out() -> None:
    """The same numbers from scikit-learn, fitted again without each example, for every width and ridge."""
    known, others = examples(16), examples(20, seed=2)
    values = smooth(known, 0.1)
    scale = np.sqrt(known.inputs.var(axis=0).sum())

    def features(given: Examples, width: float) -> np.ndarray:
        # One more input for each class: two classes are at the squared distance 2.
        return np.hstack([np.sqrt(width) * given.inputs / scale, np.eye(CLASSES)[given.labels]])

    # The features' means are taken off: this is the kernel between examples less their mean in its space.
    def centred(kernel: np.ndarray, fitted: np.ndarray) -> np.ndarray:
        return np.asarray(kernel - kernel.mean(axis=1, keepdims=True) - fitted.mean(axis=0) + fitted.mean())

    def predicted(fit: np.ndarray, x: np.ndarray, y: np.ndarray, ridge: float) -> np.ndarray:
        kernel, cross = (np.exp(-((a[:, None] - fit) ** 2).sum(axis=2)) for a in (fit, x))
        model = KernelRidge(alpha=ridge, kernel="precomputed").fit(centred(kernel, kernel), y - y.mean())
        return np.asarray(y.mean() + model.predict(centred(cross, kernel)))

    found = []
    for width in WIDTHS:
        x = features(known, width)
        for ridge in RIDGES:
            left = [
                values[i] - predicted(np.delete(x, i, 0), x[i : i + 1], np.delete(values, i), ridge)[0]
                for i in range(16)
            ]
            found.append((np.mean(np.square(left)), width, ridge, np.array(left)))
    _, width, ridge, left_out = min(found, key=lambda one: one[0])
    expected = predicted(features(known, width), features(others, width), values, ridge)
    regression = regress(known, values, others, rng())
    np.testing.assert_allclose(regression.left_out, left_out, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(regression.expected, expected, rtol=1e-5, atol=1e-7)


def test_a_smooth_function_is_learnt_and_noise_is_not() -> None:
    """What is predicted is as far from new values as the noise; without a function, it is the constant or near it."""
    known, others = examples(400), examples(1000, seed=2)
    truth = smooth(others, 0.0)
    regression = regress(known, smooth(known, 0.3), others, rng())
    assert np.sqrt(np.mean((regression.expected - truth) ** 2)) < 0.3
    assert regression.left_out.std() == pytest.approx(0.3, rel=0.25)
    noise = np.random.default_rng(3).normal(size=400)
    assert regress(known, noise, others, rng()).expected.std() < 0.2


def test_equal_values_stay_equal() -> None:
    """There is nothing to learn, and rounding must not tell one example from another."""
    known, others = examples(50), examples(20, seed=2)
    regression = regress(known, np.full(50, 0.1), others, rng())
    assert len(set(regression.expected)) == 1
    assert np.abs(regression.left_out).max() < 1e-15
    nearly = regress(known, 0.1 + 1e-17 * np.arange(50), others, rng())
    assert len(set(nearly.expected)) == 1


def test_inputs_that_are_all_the_same_leave_the_label() -> None:
    """The expectation is near the mean of the class."""
    labels = np.repeat(np.arange(3), 50)
    known = Examples(np.ones((150, 4)), labels)
    values = 3.0 * labels + np.random.default_rng(0).normal(scale=0.1, size=150)
    expected = regress(known, values, Examples(np.ones((3, 4)), np.arange(3)), rng()).expected
    assert expected == pytest.approx([0.0, 3.0, 6.0], abs=0.1)


def test_the_unit_of_the_inputs_has_no_effect() -> None:
    """Nor has where they begin."""
    known, others = examples(60), examples(20, seed=2)
    moved, others_moved = (Examples(100.0 * e.inputs + 7.0, e.labels) for e in (known, others))
    values = smooth(known, 0.1)
    here, there = regress(known, values, others, rng()), regress(moved, values, others_moved, rng())
    np.testing.assert_allclose(there.expected, here.expected, atol=1e-6)


def test_landmarks_come_near_to_all_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred of six hundred examples to compare with lose little, and their draw is that of the generator."""
    known, others = examples(600), examples(300, seed=2)
    values, truth = smooth(known, 0.3), smooth(others, 0.0)
    exact = regress(known, values, others, rng()).expected
    monkeypatch.setattr(kernel_ridge, "MOST_LANDMARKS", 100)
    with_landmarks = regress(known, values, others, rng()).expected
    assert np.array_equal(regress(known, values, others, rng()).expected, with_landmarks)
    assert not np.array_equal(with_landmarks, exact)
    errors = [np.sqrt(np.mean((found - truth) ** 2)) for found in (exact, with_landmarks)]
    assert errors[1] < 1.3 * errors[0]
