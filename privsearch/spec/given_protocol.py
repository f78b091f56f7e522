"""The protocol of networks that were trained elsewhere, whose members are as somebody gives them."""

from typing import ClassVar, Literal, Self

from pydantic import Field

from privsearch.spec.protocol_spec import ProtocolSpec, Role


class GivenProtocol(ProtocolSpec):
    """The protocol of outputs that were brought: who is a member of which network is given, and chance is not known.

    `privsearch audit outputs.npz` makes trials of it; no sweep can train under it. Outputs whose networks come in pairs
    of halves are judged under `halves` instead, and those whose members were drawn by coins under `one_run`
    (`privsearch.sweep.given`): then the membership is random, and there is a bound on epsilon. Here there is none.

    What an attack needs is known from the members of all networks, which are in the signals. So its behaviour
    (`privsearch.attacks.protocols.given`) refuses what cannot be run, with the reason.
    """

    has_placebo: ClassVar[bool] = False
    targets_are_shadows: ClassVar[bool] = True
    checks_attacks: ClassVar[bool] = False
    beside_training: ClassVar[frozenset[str]] = frozenset()
    counted: ClassVar[str] = "audited"

    kind: Literal["given"] = Field("given", description="'given'")
    audited: int = Field(1, ge=1, le=10_000, description="an integer from 1 to 10000: networks that are audited")
    references: int = Field(
        0, ge=0, le=10_000, description="an integer from 0 to 10000: networks that are shadows, and are not audited"
    )
    same_members: bool = Field(False, description="true (all audited networks have the same members) or false")

    def with_count(self, count: int) -> Self:
        """Return the protocol of a trial with so many audited networks."""
        return self.model_copy(update={"audited": count})

    def canonical(self, *, augments: bool, has_own_test_split: bool) -> Self:  # noqa: ARG002
        """Return the protocol as it is."""
        return self

    @property
    def targets_share_examples(self) -> bool:
        """True if all audited networks have the same members, and so the same non-members."""
        return self.same_members

    @property
    def evaluation_words(self) -> str:
        """A sentence on the members and non-members of the networks."""
        return (
            "The networks were trained elsewhere, and their members are as they were given. If it was not chance that "
            "chose them, an attack may tell members by what they are, which no training put there. There is no bound "
            "on epsilon, as membership is not known to be random."
        )

    @property
    def chance_words(self) -> str:
        """The beginning of a sentence on the chance that a difference between trials leaves out."""
        shadows = "The networks are one another's shadows, and " if self.audited > 1 else ""
        shared = f"{shadows}all were judged on one set of examples"
        return shared[0].upper() + shared[1:]

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        count = f"{self.audited} network{'s' if self.audited > 1 else ''}"
        references = f", with {self.references} reference networks as shadows" if self.references else ""
        same = ", all with the same members" if self.same_members and self.audited > 1 else ""
        return f"given: {count} trained elsewhere{references}{same}, with the members that they are said to have"

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.audited

    @property
    def networks(self) -> int:
        """The number of networks whose outputs are there."""
        return self.audited + self.references

    @property
    def outputs_per_attack(self) -> int:
        """The target and all that may be its shadows."""
        return self.networks

    @property
    def shadows_in_each_state(self) -> int:
        """None that could be promised: the members are as they are given."""
        return 0

    def roles(self) -> list[tuple[int, Role]]:
        """Return the audited networks in turn, then the references."""
        audited: list[tuple[int, Role]] = [(number, "both") for number in range(1, self.audited + 1)]
        return audited + [(number, "reference") for number in range(1, self.references + 1)]

    def training_examples(self, num_train: int) -> list[float]:
        """Return nothing that is known: no network is trained here."""
        return [float(num_train)] * self.networks

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:  # noqa: ARG002
        """List the two SVMs that are each fitted on one half of the judged examples and score the other."""
        return [(2, num_train / 2, num_train / 2)]
