"""The protocol of one training run: a fair coin for each audited example, and no shadow."""

from typing import ClassVar, Final, Literal

from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from privsearch.spec.protocol_spec import ProtocolSpec, Role
from privsearch.spec.race import Count, OfRace

FEWEST_AUDITED: Final = 12
"""The fewest examples that are worth coins: the half that is judged, all rightly guessed, shows an epsilon of 0.16."""


class OneRunProtocol(ProtocolSpec):
    """The protocol of one training run: a fair coin for each audited example says whether the network trains on it.

    The rest of the training split is always trained on, and is not judged. Each network is a target by itself, and
    there is no shadow. As coins are independent, the guesses about one network bound epsilon with no assumption on how
    examples act on one another.

    Source: Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846).
    """

    has_placebo: ClassVar[bool] = False
    targets_are_shadows: ClassVar[bool] = False
    has_independent_coins: ClassVar[bool] = True
    beside_training: ClassVar[frozenset[str]] = frozenset({"replicates", "delta"})
    counted: ClassVar[str] = "replicates"

    kind: Literal["one_run"] = Field("one_run", description="'one_run'")
    replicates: Count = Field(
        1, ge=1, le=10_000, description="an integer from 1 to 10000: networks, each with coins of its own"
    )
    audited_fraction: float = Field(
        1.0,
        ge=1e-6,
        le=1,
        description="a number from 1e-6 to 1: the share of the training split that coins are tossed for",
    )
    canaries: bool = Field(
        False, description="true (each audited example gets a wrong label, drawn at random) or false (none does)"
    )
    delta: float = Field(
        0.0, ge=0, lt=1, description="a number from 0 to below 1: the delta that the bound on epsilon allows"
    )
    race: OfRace = Field(None, validation_alias=AliasChoices("replicates"), description="a race")

    @field_validator("canaries")
    @classmethod
    def _some_labels_are_right(cls, canaries: bool, info: ValidationInfo) -> bool:
        if canaries and info.data.get("audited_fraction") == 1:
            raise PydanticCustomError(
                "protocol_rule",
                "must go with an audited_fraction below 1, so that some labels stay right, but that is 1; give one "
                "such as 0.1",
            )
        return canaries

    @property
    def targets_share_examples(self) -> bool:
        """False: each network has coins of its own."""
        return False

    @property
    def evaluation_words(self) -> str:
        """A sentence on the members and non-members of the networks."""
        return (
            "A fair coin for each audited example decided whether a network was trained on it; the networks are judged "
            "on the audited examples alone."
            + (
                " These are canaries, examples with a wrong label: what they show is about examples like them, and the "
                "networks were trained on these labels."
                if self.canaries
                else ""
            )
        )

    @property
    def chance_words(self) -> str:
        """The beginning of a sentence on the chance that a difference between trials leaves out."""
        return "All replicates share one split of the data and one set of audited examples"

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        plural = "s" if self.replicates > 1 else ""
        what = "mislabelled canary" if self.canaries else "example"
        return (
            f"one_run: {self.replicates} network{plural}, with a coin for each audited {what} "
            f"({self.audited_fraction:g} of the training split): trained on or left out"
        )

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.replicates

    @property
    def networks(self) -> int:
        """The number of networks that are trained."""
        return self.replicates

    @property
    def outputs_per_attack(self) -> int:
        """The target alone."""
        return 1

    @property
    def shadows_in_each_state(self) -> int:
        """None, as there is no shadow."""
        return 0

    def num_audited(self, num_train: int) -> int:
        """Return the number of examples that coins are tossed for.

        Args:
            num_train: the number of examples in the training split.
        """
        return round(self.audited_fraction * num_train)

    def lacks_examples(self, num_train: int) -> str | None:
        """Return the sentence about fewer audited examples than `FEWEST_AUDITED`; None if there are as many."""
        count = self.num_audited(num_train)
        if count >= FEWEST_AUDITED:
            return None
        return (
            f"the protocol one_run needs at least {FEWEST_AUDITED} audited examples, but an audited_fraction of "
            f"{self.audited_fraction:g} of {num_train} gives {count}; "
            + ("raise it, or keep more examples" if self.audited_fraction < 1 else "keep more examples")
        )

    def roles(self) -> list[tuple[int, Role]]:
        """Return the networks in turn, each a target."""
        return [(number, "target") for number in range(1, self.replicates + 1)]

    def training_examples(self, num_train: int) -> list[float]:
        """Return the number of examples in the training set of each network, as the coins have it on average.

        Args:
            num_train: the number of examples in the training split.
        """
        return [num_train - self.num_audited(num_train) / 2] * self.replicates

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:  # noqa: ARG002
        """List no SVM, as there is no shadow to learn from."""
        return []
