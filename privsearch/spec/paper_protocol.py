"""The paper's protocol: pairs of a target and a shadow, on one split of the data or on one for each pair."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import AliasChoices, Field

from privsearch.spec.bounds import OpenFraction
from privsearch.spec.protocol_spec import ROLES, ProtocolSpec, Role
from privsearch.spec.race import Count, OfRace


class PaperProtocol(ProtocolSpec):
    """The protocol of Moshruba et al. 2025: the target trains on the whole training split, the shadow on a part.

    With `resplit`, each replicate cuts the same examples anew into a training and a test split of the same sizes: one
    split alone moves the excess of all replicates alike. None leaves it to the data, true where they have no test split
    of their own; `canonical` decides. Until then None counts as false.
    """

    has_placebo: ClassVar[bool] = True
    has_population: ClassVar[bool] = False
    targets_are_shadows: ClassVar[bool] = False
    beside_training: ClassVar[frozenset[str]] = frozenset({"replicates", "placebo_cuts"})
    counted: ClassVar[str] = "replicates"
    first_values: ClassVar[Mapping[str, Any]] = {"resplit": False}

    kind: Literal["paper"] = Field("paper", description="'paper'")
    replicates: Count = Field(
        3, ge=1, le=10_000, description="an integer from 1 to 10000: independent (target, shadow) pairs"
    )
    shadow_fraction: OpenFraction = Field(
        0.8, description="a number from 0.001 to 0.999: the share of the training split the shadow trains on"
    )
    placebo_cuts: int = Field(
        20, ge=1, le=10_000, description="an integer from 1 to 10000: cuts of the test split the placebo averages over"
    )
    resplit: bool | None = Field(
        None,
        description="true (every replicate draws a split of its own), false (all share one), or null: true for data "
        "without a test split of their own",
    )

    race: OfRace = Field(None, validation_alias=AliasChoices("replicates"), description="a race")

    @property
    def targets_share_examples(self) -> bool:
        """True if all replicates share one split."""
        return not self.resplit

    @property
    def evaluation_words(self) -> str:
        """A sentence on the members and non-members of the targets."""
        if self.resplit:
            return (
                "Every target has members and non-members of its own: the same examples, cut anew for each replicate."
            )
        return (
            "All targets share their members and non-members: the intervals draw the same examples for all of them, as "
            "their noise does not average out."
        )

    @property
    def chance_words(self) -> str:
        """The beginning of a sentence on the chance that a difference between trials leaves out."""
        if self.resplit:
            return "Every replicate draws a split of its own, of the same examples"
        return "All replicates share one split of the data"

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        splits = {
            True: "; every replicate draws a split of its own",
            False: "",
            None: "; every replicate draws a split of its own where the data have no test split",
        }
        return (
            f"paper: {self.replicates} targets, each trained on the whole training split and attacked through a shadow "
            f"that was trained on {self.shadow_fraction:g} of it{splits[self.resplit]}"
        )

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.replicates

    @property
    def networks(self) -> int:
        """The number of networks that are trained."""
        return len(ROLES) * self.replicates

    @property
    def outputs_per_attack(self) -> int:
        """The target and its one shadow."""
        return len(ROLES)

    @property
    def shadows_in_each_state(self) -> int:
        """None, as the one shadow has every example in one state only."""
        return 0

    @property
    def compares_given_splits(self) -> bool:
        """True for one split, as the target's members are the training split then."""
        return not self.resplit

    def roles(self) -> list[tuple[int, Role]]:
        """Return the target of each replicate, then its shadow."""
        return [(number, role) for number in range(1, self.replicates + 1) for role in ROLES]

    def training_examples(self, num_train: int) -> list[float]:
        """Return the number of examples in the training set of each target and each shadow."""
        return [num_train, num_train * self.shadow_fraction] * self.replicates

    def lacks_examples(self, num_train: int) -> str | None:
        """Return the sentence about a shadow without any example; None if it has one."""
        if round(self.shadow_fraction * num_train) >= 1:
            return None
        return (
            f"the shadow must train on at least one example, but a shadow_fraction of {self.shadow_fraction:g} of "
            f"{num_train} gives none; raise it, or keep more examples"
        )

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:
        """List the attack's SVM, and two for each cut of the placebo."""
        fitted = 2 * min(math.ceil(self.shadow_fraction * num_train), num_test)
        return [(1, fitted, num_train + num_test), (2 * self.placebo_cuts, num_test, num_test)]

    def canonical(self, *, augments: bool, has_own_test_split: bool) -> Self:  # noqa: ARG002
        """Return the protocol with a choice of splits: new ones for each replicate, unless the data bring one."""
        resplit = not has_own_test_split if self.resplit is None else self.resplit
        return self.model_copy(update={"resplit": resplit, "race": None})
