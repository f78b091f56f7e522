"""A number of each example as a function of its inputs and its label: kernel ridge regression that tunes itself."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

MOST_LANDMARKS: Final = 500
"""The examples that all are compared with, at most; with no more than these, the regression is exact."""

WIDTHS: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
RIDGES: Final = np.logspace(-6, 2, 17)
OTHER_CLASS: Final = float(np.exp(-2.0))
"""The kernel's factor between two classes: as if labels were inputs too, a 0 or 1 for each class."""

_ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Examples:
    """What is known of n examples before any network is asked.

    Attributes:
        inputs: `(n, features)`, all in one unit, or standardised.
        labels: `(n,)`, class indices.
    """

    inputs: Float[Array, "n features"]
    labels: Int[Array, " n"]

    def __getitem__(self, chosen: Array) -> "Examples":
        """Return the examples that `chosen`, an index array, picks."""
        return Examples(self.inputs[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Regression:
    """What m fitted examples let expect of n others, and each of the m examples of itself.

    Attributes:
        expected: `(n,)`, the values to be expected of the others.
        left_out: `(m,)`, how far each fitted example's value exceeds what the m - 1 others let expect of it.
    """

    expected: Float[Array, " n"]
    left_out: Float[Array, " m"]


def regress(known: Examples, values: Float[Array, " m"], others: Examples, rng: np.random.Generator) -> Regression:
    """Fit a value as a smooth function of inputs and label, as closely as left-out examples bear out.

    The kernel between two examples is exp(-width d²), times exp(-2) if their classes differ; d² is the squared distance
    of their inputs over the inputs' total variance, 2 on average. Of the constant, and of all pairs of a width and a
    ridge, the one is taken whose squared errors on left-out examples are least. The hat matrix gives these errors
    without fitting again. So where nothing can be learnt, the expectation is the constant, or near it.

    With more than 500 examples, a random 500 are landmarks: two examples are as alike as the kernel with these says.

    Args:
        known: m examples, at least 2.
        values: `(m,)`, their values.
        others: the examples to predict.
        rng: the source of the landmarks.

    Source: Hastie, Tibshirani and Friedman 2009, sections 5.8 and 7.10; landmarks, Williams and Seeger 2001.
    """
    # Here, because whoever only reads results should not wait for it.
    from threadpoolctl import threadpool_limits

    size, mean = len(values), values.mean()
    constant = Regression(np.full(len(others.labels), mean), (values - mean) * (size / (size - 1)))
    # Where values differ by rounding alone there is nothing to learn, and equal ones must stay equal.
    if np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return constant
    # On one thread, as sums over several depend on their number.
    with threadpool_limits(limits=1):
        landmarks = known[rng.permutation(size)[:MOST_LANDMARKS]]
        spread = float(known.inputs.var(axis=0, dtype=np.float64).sum()) or 1.0
        apart, between = (_distances(examples, landmarks, spread) for examples in (known, landmarks))
        fit = min((_fit(apart, between, values - mean, width) for width in WIDTHS), key=lambda fit: fit.error)
        if fit.error >= (constant.left_out**2).mean():
            return constant
        return Regression(mean + fit.predict(_distances(others, landmarks, spread)), fit.left_out)


@dataclass(frozen=True)
class _Distances:
    """The squared distances of n examples' inputs from those of L landmarks, and whether their classes differ."""

    squared: Float[Array, "n landmarks"]
    other_class: Bool[Array, "n landmarks"]

    def kernel(self, width: float) -> Float[Array, "n landmarks"]:
        kernel: Array = np.exp(-width * self.squared) * np.where(self.other_class, OTHER_CLASS, 1.0)
        return kernel


def _distances(examples: Examples, landmarks: Examples, spread: float) -> _Distances:
    from sklearn.metrics.pairwise import euclidean_distances

    squared = euclidean_distances(examples.inputs, landmarks.inputs, squared=True) / spread
    return _Distances(squared, examples.labels[:, None] != landmarks.labels)


@dataclass(frozen=True)
class _Fit:
    """A regression on the kernel with L landmarks, less its mean.

    Attributes:
        width: that of the kernel.
        weights: `(L,)`, what each landmark's kernel counts for.
        offset: what is taken off the sum.
        left_out: as in `Regression`.
    """

    width: float
    weights: Float[Array, " landmarks"]
    offset: float
    left_out: Float[Array, " m"]

    @property
    def error(self) -> float:
        """The mean squared error on left-out examples."""
        return float((self.left_out**2).mean())

    def predict(self, distances: _Distances) -> Float[Array, " n"]:
        predicted: Array = distances.kernel(self.width) @ self.weights - self.offset
        return predicted


def _fit(known: _Distances, landmarks: _Distances, values: Float[Array, " m"], width: float) -> _Fit:
    """Fit values of mean 0, with the ridge whose errors on left-out examples are least."""
    strengths, directions = np.linalg.eigh(landmarks.kernel(width))
    # Features whose products are the kernel; what is below rounding of the largest is left out.
    kept = strengths > _ROUNDING * strengths[-1]
    basis = directions[:, kept] / np.sqrt(strengths[kept])
    features = known.kernel(width) @ basis
    centre = features.mean(axis=0)
    features -= centre
    strengths, directions = np.linalg.eigh(features.T @ features)
    rotated = features @ directions
    shrunken = 1.0 / (np.maximum(strengths, 0.0)[:, None] + RIDGES)
    hat = rotated**2 @ shrunken + 1.0 / len(values)
    # A column for each ridge.
    coefficients = shrunken * (rotated.T @ values)[:, None]
    left_out = (values[:, None] - rotated @ coefficients) / (1.0 - hat)
    best = int((left_out**2).mean(axis=0).argmin())
    weights = directions @ coefficients[:, best]
    return _Fit(width, basis @ weights, float(centre @ weights), left_out[:, best])
