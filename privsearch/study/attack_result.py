"""The numbers of one attack: on one target, and on all targets of a trial together."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, model_validator

from privsearch.spec.bounds import Count, Difference, Epsilon, Examples, Fraction, Score
from privsearch.study.fields import DifferenceInterval, FractionInterval, Text, Word

FROZEN: Final = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
"""The configuration of frozen classes without numbers that are not finite: a trial with such a number has failed."""


_FORMER: Final = ("tpr_by_half", "advantage_by_half")
"""The numbers of an earlier privsearch that are read no more."""


class Cut(BaseModel):
    """The numbers of an attack on as many examples as the placebo has, means over the cuts; None if there are too few.

    Attributes:
        auc: the area under the ROC curve, a fraction.
        tpr_at_fpr: the share of members found, by the false positive rate.
        advantage: true less false positive rate.
        by_class: the AUC among the examples of each class.
        by_correctness: the AUC among the examples that the target classifies rightly ("correct") and wrongly ("wrong").
    """

    model_config = FROZEN

    auc: Fraction
    tpr_at_fpr: dict[Word, Fraction | None] = {}
    advantage: Difference | None = None
    by_class: dict[Count, Fraction | None] = {}
    by_correctness: dict[Word, Fraction | None] = {}


class GroupLeakage(BaseModel):
    """What an attack found among the examples of a subgroup, and among all others; None without members or non-members.

    Attributes:
        auc: the AUC within the subgroup, with DeLong's interval.
        rest: the same among all other examples.
        num_members: the members of the target's training set in the subgroup.
        num_non_members: the others of the subgroup.
    """

    model_config = FROZEN

    auc: FractionInterval | None
    rest: FractionInterval | None
    num_members: Count
    num_non_members: Count


class AttackResult(BaseModel):
    """The numbers of one attack on one target, with 95 % intervals over the examples; None if there are too few.

    Where persons are the units of membership, examples here are persons (`privsearch.attacks.protocols.units`); a slice
    has each person by its examples in the slice.

    What an attack must choose for a number, a threshold or the direction of its scores, it chooses on one half of the
    examples and is judged on the other (`privsearch.analysis.metrics.held_out`). The halves are the same for all
    targets and attacks of a trial.

    Attributes:
        auc: the area under the ROC curve, a fraction, with DeLong's interval.
        auc_by_half: the AUC among each half of the examples.
        tpr_at_fpr: the share of members found, by the false positive rate.
        advantage: true less false positive rate; 0 on average for guessing.
        balanced_accuracy: the share of right answers at that threshold, members and non-members weighing alike.
        epsilon_low: a lower bound on the epsilon of differential privacy, pure or, under `one_run`, with the protocol's
            delta, at a confidence of 0.975, from the second half; None under a protocol that does not draw membership
            at random.
        epsilon_ceiling: the largest such bound that so many examples can show.
        by_class: the AUC among the examples of each class.
        by_correctness: the AUC among the examples that the target classifies rightly ("correct") and wrongly ("wrong").
        by_group: what was found among the examples of each subgroup, by its name; empty if the data name none.
        num_members: the number of scored examples, or persons, that are members of the target's training set.
        num_non_members: the number of scored examples, or persons, that are not.
        placebo: under `paper`, the numbers on examples of which none was trained on; those of guessing for an honest
            attack.
        matched: the numbers with real members, as many as the placebo has, against the same non-members.
    """

    model_config = FROZEN

    auc: FractionInterval
    auc_by_half: tuple[Fraction | None, Fraction | None]
    tpr_at_fpr: dict[Word, FractionInterval | None]
    advantage: DifferenceInterval | None
    balanced_accuracy: Fraction | None
    epsilon_low: Epsilon | None
    epsilon_ceiling: Epsilon | None = None
    by_class: dict[Count, Fraction | None]
    by_correctness: dict[Word, Fraction | None]
    by_group: dict[Text, GroupLeakage] = {}
    num_members: Examples
    num_non_members: Examples
    placebo: Cut | None = None
    matched: Cut | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_earlier(cls, fields: Any) -> Any:
        """Read the record of an earlier privsearch: numbers by half that nothing needs, the AUC of the cuts alone."""
        if not isinstance(fields, dict):
            return fields
        fields = {name: value for name, value in fields.items() if name not in _FORMER}
        if "placebo_auc" not in fields:
            return fields
        aucs = {name: fields.pop(f"{name}_auc", None) for name in ("placebo", "matched")}
        return fields | {name: auc if auc is None else {"auc": auc} for name, auc in aucs.items()}


class ExposedExample(BaseModel):
    """An example, or a person, that an attack calls a member most often among the targets that were trained on it.

    Attributes:
        row: the example's row in the dataset's training data as they were read, from 0. Of a person it is the first
            row, and tells who it is, as names are not recorded.
        label: the class of that row.
        mean_score: its mean score over the targets that were trained on it.
        accused: the number of these targets on which it is called a member, at a false positive rate of one in ten.
        trained: the number of targets that were trained on it.
        falsely_accused: the number of other targets on which it is called a member.
        not_trained: the number of other targets.
    """

    model_config = FROZEN

    row: Count
    label: Count
    mean_score: Score
    accused: Count
    trained: Count
    falsely_accused: Count
    not_trained: Count


class AcrossTargets(BaseModel):
    """The numbers of one attack on all targets of a trial together.

    Attributes:
        auc: the mean over the targets, with the interval of a hierarchical bootstrap.
        exposed: the most exposed examples, in descending order.
    """

    model_config = FROZEN

    auc: FractionInterval
    exposed: tuple[ExposedExample, ...]
