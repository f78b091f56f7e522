"""Outputs of networks that were trained elsewhere, simulated: how much they leak is what the test says."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from privsearch.attacks.protocols.audit import Audit, audit
from privsearch.data.given_outputs import checked_outputs
from privsearch.spec.sweep_file import check_attacks
from privsearch.sweep.given import ATTACKS, GivenTrial, given_trial

CLASSES = 3


@dataclass(frozen=True)
class Foreign:
    """K networks' logits on N examples, of which some are hard and some easy, whoever was trained on them."""

    logits: np.ndarray  # (K, N, C)
    is_member: np.ndarray  # (K, N)
    labels: np.ndarray  # (N,)
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def probabilities(self) -> np.ndarray:
        exps = np.exp(self.logits - self.logits.max(-1, keepdims=True))
        return exps / exps.sum(-1, keepdims=True)

    def trial(self, attacks: Any = ATTACKS, **more: Any) -> GivenTrial:
        """The trial that these outputs are."""
        given = checked_outputs(self.logits, self.is_member, self.labels, **{**self.others, **more})
        return given_trial(given, check_attacks(attacks), name="simulated", model="network-v1")

    def audit(self, attacks: Any = ATTACKS, **more: Any) -> Audit:
        """What attacks find on them."""
        trial = self.trial(attacks, **more)
        return audit(trial.cohort, trial.spec)


def pairs(networks: int, examples: int, rng: np.random.Generator, outside: int = 0) -> np.ndarray:
    """A random half and the rest of it for each pair of networks; the last examples are in none."""
    halves = [rng.permutation(examples) < examples // 2 for _ in range(networks // 2)]
    is_member = np.concatenate([[half, ~half] for half in halves])
    return np.pad(is_member, ((0, 0), (0, outside)))


def simulate(is_member: np.ndarray, seed: int = 0, *, effect: float | np.ndarray = 0.0, **others: Any) -> Foreign:
    """Make outputs whose logit of the label is higher by `effect` for members, `(N,)` or for all."""
    rng = np.random.default_rng(seed)
    networks, examples = is_member.shape
    labels = rng.integers(CLASSES, size=examples)
    easiness = rng.normal(1.5, 1.0, size=(1, examples))
    logits = rng.normal(0.0, 0.7, size=(networks, examples, CLASSES))
    right = easiness + effect * is_member + rng.normal(0.0, 0.7, size=(networks, examples))
    np.put_along_axis(logits, np.broadcast_to(labels[None, :, None], (networks, examples, 1)), right[..., None], axis=2)
    return Foreign(logits, is_member, labels, others)
