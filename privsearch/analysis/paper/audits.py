"""The numbers that a claim is judged by: a study's, and the paper's own."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.frames import records
from privsearch.analysis.paper.cells import Cell, StudyCells
from privsearch.analysis.paper.published import published_cells
from privsearch.analysis.targets import TargetNumbers
from privsearch.spec.columns import Column

LACKING: Final = np.full(1, np.nan)
"""The numbers of a configuration that is not there."""


class Success(StrEnum):
    """The measure of the attack's success.

    An excess below 0 is no leak: a difference between two such excesses says how the attack's false excess changes.
    """

    PUBLISHED = "as published"
    EXCESS = "excess over placebo"


class Audit(Protocol):
    """The numbers of one dataset, as an array over the replicates for each configuration.

    A configuration that is not there is an array of one NaN, so that its differences are NaN too.
    """

    def auc(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the success of the attack; 0.5 is none."""

    def accuracy(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the test accuracy of the target."""

    def thresholds(self, model: str, *bit_widths: int) -> list[float]:
        """Return the thresholds that there are with each of these activation bit widths, in ascending order."""


class StudyAudit:
    """The numbers of a study on one dataset.

    A configuration that failed has none; one that has not learnt has accuracies, and no leakage.
    """

    def __init__(self, cells: StudyCells, numbers: TargetNumbers, attack: str, success: Success, dataset: str) -> None:
        """Look at `dataset` through `attack`, whose success is `success`."""
        self._cells, self._numbers, self._dataset = cells, numbers, dataset
        self._auc, self._success = Column(attack, "auc"), success

    def auc(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the attack's AUC; if success is the excess over the placebo, 0.5 plus that excess."""
        cell = Cell(self._dataset, model, **axes)
        if self._success is Success.PUBLISHED:
            return self._over_replicates(cell, str(self._auc))
        return 0.5 + self._over_replicates(cell, str(self._auc.excess))

    def accuracy(self, model: str, **axes: Any) -> Float[Array, " replicates"]:
        """Return the test accuracy of the target."""
        return self._over_replicates(Cell(self._dataset, model, **axes), "test_accuracy")

    def thresholds(self, model: str, *bit_widths: int) -> list[float]:
        """Return the thresholds that the study asks for with each of these activation bit widths."""
        by_bit_width = [
            self._cells.axis_values(
                "threshold", dataset=self._dataset, model=model, weight_bit_width=None, act_bit_width=k
            )
            for k in bit_widths
        ]
        return sorted(set.intersection(*map(set, by_bit_width)))

    def _over_replicates(self, cell: Cell, column: str) -> Float[Array, " replicates"]:
        row = self._cells.find(cell)
        about_attack = Column.parse(column).attack is not None
        if row is None or row["status"] != "completed" or (about_attack and row["networks_at_chance"]):
            return LACKING
        return np.array([target.get(column, np.nan) for target in self._numbers[row["trial_id"]]])


class PublishedAudit:
    """The means of the paper's Tables II and III on one dataset, each as the one replicate that there is.

    Where a claim names a surrogate gradient it speaks of Table III, else of Table II: both hold the full-precision SNN
    with fast sigmoid, with different numbers. Quantised activations are in figures alone, and have no numbers here.
    """

    def __init__(self, dataset: str) -> None:
        """Look at `dataset`; of one that is not the paper's, every number is lacking."""
        self._dataset = dataset

    def auc(self, model: str, **axes: Any) -> Float[Array, " 1"]:
        """Return the printed mean of the attack's AUC."""
        return self._mean("attack_auc", model, axes)

    def accuracy(self, model: str, **axes: Any) -> Float[Array, " 1"]:
        """Return the printed mean of the test accuracy."""
        return self._mean("test_accuracy", model, axes)

    def thresholds(self, model: str, *bit_widths: int) -> list[float]:  # noqa: ARG002  # the figures have no numbers
        """Return none: the paper prints no number at any threshold."""
        return []

    def _mean(self, quantity: str, model: str, axes: Mapping[str, Any]) -> Float[Array, " 1"]:
        table = "III" if axes.get("surrogate_gradient") else "II"
        # A spiking network's key is complete once its cell has put in the default surrogate gradient.
        _, _, weights, activations, _, surrogate_gradient = Cell("", model, **axes).key()
        row = _printed().get((table, self._dataset, model, weights, surrogate_gradient))
        return LACKING if row is None or activations is not None else np.array([row[quantity]])


@cache
def _printed() -> dict[tuple[Any, ...], dict[str, Any]]:
    axes = ("table", "dataset", "model", "weight_bit_width", "surrogate_gradient")
    return {tuple(row[axis] for axis in axes): row for row in records(published_cells())}
