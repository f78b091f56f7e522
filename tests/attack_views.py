"""Simulated cohorts, as an attack sees them: what is true of the networks is what the test says."""

from dataclasses import dataclass

import numpy as np

from privsearch.attacks import AttackView, Fold, Outputs

CLASSES = 3


@dataclass(frozen=True)
class Cohort:
    """K networks, each example in exactly half of them; the population in none."""

    logits: np.ndarray  # (K, V, n, C)
    labels: np.ndarray  # (n,)
    is_member: np.ndarray  # (K, n)
    population_logits: np.ndarray  # (K, V, m, C)
    population_labels: np.ndarray  # (m,)
    inputs: np.ndarray  # (n, C)
    population_inputs: np.ndarray  # (m, C)

    def view(self, target: int = 0) -> AttackView:
        """What the attacker of one network sees: rounds that judge each half of the examples from the other."""
        shadows = np.arange(len(self.logits)) != target
        first = np.arange(len(self.labels)) % 2 == 0
        return AttackView(
            Outputs(self.logits[target], self.logits[shadows], self.labels, self.inputs),
            self.is_member[shadows],
            (Fold(first, ~first), Fold(~first, first)),
            Outputs(
                self.population_logits[target],
                self.population_logits[shadows],
                self.population_labels,
                self.population_inputs,
            ),
        )


def make_cohort(seed: int, *, effect: float = 0.0, size: int = 120, networks: int = 8, views: int = 1) -> Cohort:
    """Examples look different and networks differ in skill; a network is surer of its members' labels, by `effect`.

    The inputs are what an example's outputs have in common.
    """
    rng = np.random.default_rng(seed)
    # The ranks of random numbers put each example into a random half of the networks.
    is_member = rng.random((networks, size)).argsort(axis=0) < networks // 2
    skill = rng.normal(1.0, 0.5, size=(networks, 1))

    def outputs(advantage: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        labels = rng.integers(CLASSES, size=size)
        inputs = rng.normal(scale=3.0, size=(size, CLASSES))
        logits = inputs + rng.normal(size=(networks, views, size, CLASSES))
        logits[..., np.arange(size), labels] += (skill + advantage)[:, None]
        return logits, labels, inputs

    logits, labels, inputs = outputs(effect * is_member)
    population_logits, population_labels, population_inputs = outputs(np.zeros(size))
    return Cohort(logits, labels, is_member, population_logits, population_labels, inputs, population_inputs)
