"""Blind baselines: the success of those who know no trained network at telling a training from a test split.

They are for data that come with a test split of their own, under a protocol that calls one split members and the other
non-members. Whatever tells the splits apart without any training is no leak.

Source: Das, Zhang and Tramèr 2024 (arXiv 2406.16201).
"""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import fmean

from pydantic import BaseModel

from privsearch.spec.bounds import Difference, Examples, Fraction
from privsearch.study.attack_result import FROZEN
from privsearch.study.fields import FractionInterval, Text, Word
from privsearch.study.signals import Signals


class InputsBaseline(BaseModel):
    """The AUC of a classifier that learns to tell the training from the test split by inputs and labels.

    Attributes:
        auc: the AUC on examples that it did not learn from, a fraction, with DeLong's interval of 95 %.
        num_members: the number of these examples that are of the training split.
        num_non_members: the number of these examples that are of the test split.
    """

    model_config = FROZEN

    auc: FractionInterval
    num_members: Examples
    num_non_members: Examples


class UntrainedTarget(BaseModel):
    """The numbers of an attack on one target as it was before its training.

    Attributes:
        auc: the AUC, a fraction, with DeLong's interval of 95 %.
        placebo_auc: the AUC among examples of the test split alone, from recognising examples; None without a placebo.
        excess_auc: the matched less the placebo AUC; None without a placebo.
    """

    model_config = FROZEN

    auc: FractionInterval
    placebo_auc: Fraction | None = None
    excess_auc: Difference | None = None


class UntrainedBaseline(BaseModel):
    """The numbers of an attack on the networks of a trial as they were before their training.

    Attributes:
        auc: the mean AUC over the targets, with the interval of a hierarchical bootstrap.
        targets: the numbers of each target.
    """

    model_config = FROZEN

    auc: FractionInterval
    targets: tuple[UntrainedTarget, ...]

    @property
    def excess_auc(self) -> float | None:
        """The mean excess over the targets; None if a target has none."""
        excesses = [target.excess_auc for target in self.targets if target.excess_auc is not None]
        return fmean(excesses) if len(excesses) == len(self.targets) else None


class BlindBaselines(BaseModel):
    """The blind baselines of a trial.

    Attributes:
        inputs: the classifier's on the inputs; None if a split has too few examples.
        untrained: each attack's on the untrained networks, by the attack's name.
        refused: the reason why an attack has no such number, by the attack's name.
    """

    model_config = FROZEN

    inputs: InputsBaseline | None
    untrained: dict[Word, UntrainedBaseline]
    refused: dict[Word, Text] = {}

    def restricted_to(self, attacks: Collection[str]) -> "BlindBaselines":
        """Return the baselines with these attacks alone."""
        return self.model_copy(
            update={
                "untrained": {name: found for name, found in self.untrained.items() if name in attacks},
                "refused": {name: reason for name, reason in self.refused.items() if name in attacks},
            }
        )


@dataclass(frozen=True)
class BlindSignals:
    """All that the blind baselines of a trial, and of attacks to come, are computed from.

    Attributes:
        inputs: the classifier's baseline, which no attack changes.
        untrained: the outputs of the trial's networks before their training, with the membership that these got later.
    """

    inputs: InputsBaseline | None
    untrained: Signals


def merged_baselines(earlier: BlindBaselines | None, later: BlindBaselines | None) -> BlindBaselines | None:
    """Join the baselines of two results of one training; the later one counts more."""
    if earlier is None or later is None:
        return later or earlier
    untrained, refused = {**earlier.untrained, **later.untrained}, {**earlier.refused, **later.refused}
    return later.model_copy(update={"untrained": untrained, "refused": refused})
