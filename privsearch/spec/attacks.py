"""The attacks that a sweep may name: one class and one union entry each."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag, model_validator

from privsearch.spec import registry
from privsearch.spec.dataset_fields import Name
from privsearch.spec.protocol_spec import Queries
from privsearch.spec.protocols import Protocol
from privsearch.spec.strict import STRICT

Readout = Literal["final_mem", "spike_counts", "mean_mem"]
"""An output of a spiking network's last layer; of an ANN, whose only outputs are its logits, it is `final_mem`."""

Recorded = Literal["final_mem", "spike_counts", "mean_mem", "mem_trajectory"]
"""What may be kept of that layer: one of these, or its membrane at every time step, for an attack that reads all."""

Seen = Literal["logits", Readout]
"""What an attack asks for: one of these, or what the network answers with, whichever that is."""

ThresholdKind = Literal["loss", "confidence", "entropy", "modified_entropy"]

Mode = Literal["online", "offline"]
"""The shadows of an attack: those trained on an example and those not (online), or the latter alone (offline)."""

Variance = Literal["pooled", "per_example", "shrunken"]

KernelWidth = Literal["variance", "robust"]

Means = Literal["per_example", "shrunken"]

ReadoutField = Annotated[
    Seen,
    Field(
        description="one of logits (what the network answers with), final_mem, spike_counts, mean_mem: what the "
        "attacker sees of a spiking network's last layer"
    ),
]
QueriesField = Annotated[
    Queries, Field(description="one of plain, augmented, input_dropout: the views of an example that are averaged over")
]


class SvmAttack(BaseModel):
    """The paper's attack: an RBF-kernel SVM on the network's outputs."""

    model_config = STRICT

    kind: Literal["svm"] = Field("svm", description="'svm'")
    per_class: bool = Field(False, description="true (one SVM for each class) or false (one for all)")
    undersample: bool = Field(
        True, description="true (learn from as many members as non-members) or false (learn from all)"
    )
    width: KernelWidth = Field(
        "variance",
        description="'variance' (scikit-learn's default, the paper's) or 'robust' (by quartiles, which one odd output "
        "cannot move): what the kernel's width is taken from",
    )
    signals: ReadoutField = "logits"
    queries: ClassVar[Queries] = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        variant = "_per_class" * self.per_class + "_unbalanced" * (not self.undersample)
        return "svm" + variant + "_robust" * (self.width == "robust") + _suffix(self)


class ThresholdAttack(BaseModel):
    """A threshold on one number computed from the target's output alone, without any shadow."""

    model_config = STRICT

    kind: ThresholdKind = Field(description="one of loss, confidence, entropy, modified_entropy")
    signals: ReadoutField = "logits"
    queries: QueriesField = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return self.kind + _suffix(self)


class LiraAttack(BaseModel):
    """The likelihood ratio attack of Carlini et al. 2022.

    By default variances and means are shrunken, and the attack's name is `lira_shrunken`. `lira` is the attack without
    that: it has a pooled variance, and each example's own means. So it was before there was a choice of means, which is
    why a mapping that gives one of those variances, as records from then do, has the means of then unless it says more.
    """

    model_config = STRICT

    kind: Literal["lira"] = Field("lira", description="'lira'")
    mode: Mode = Field(
        "online", description="'online' (shadows with and without the example) or 'offline' (those without it)"
    )
    variance: Variance = Field(
        "shrunken",
        description="'shrunken' (between the other two), 'pooled' (one variance for all examples) or 'per_example'",
    )
    means: Means = Field(
        "shrunken", description="'shrunken' (towards those of the other examples) or 'per_example' (each its own)"
    )
    signals: Literal["logits", Recorded] = Field(
        "logits",
        description="one of logits (what the network answers with), final_mem, spike_counts, mean_mem, mem_trajectory: "
        "what the attacker sees of a spiking network's last layer",
    )
    queries: QueriesField = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        variance = f"_{self.variance}" * (self.variance != "pooled")
        means = f"_{self.means}_means" * (self.means != _means_beside(self.variance))
        return "lira" + "_offline" * (self.mode == "offline") + variance + means + _suffix(self)

    @model_validator(mode="before")
    @classmethod
    def _means_of_then(cls, fields: Any) -> Any:
        given = isinstance(fields, dict) and "variance" in fields and "means" not in fields
        return {**fields, "means": _means_beside(fields["variance"])} if given else fields


def _means_beside(variance: Any) -> Means:
    """Return the means of an attack that gives its variance and says no more."""
    return "per_example" if variance in ("pooled", "per_example") else "shrunken"


class RmiaAttack(BaseModel):
    """The robust membership inference attack of Zarifzadeh et al. 2024."""

    model_config = STRICT

    kind: Literal["rmia"] = Field("rmia", description="'rmia'")
    mode: Mode = Field(
        "online", description="'online' (shadows with and without the example) or 'offline' (those without it)"
    )
    a: float = Field(
        0.3, ge=0, le=1, description="a number from 0 to 1: how a confidence without the example foretells one with it"
    )
    gamma: float = Field(
        1.0, ge=0.1, le=100, description="a number from 0.1 to 100: how far a ratio must exceed the population's"
    )
    signals: ReadoutField = "logits"
    queries: QueriesField = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        constants = "".join(
            f"_{field}_{getattr(self, field):g}"
            for field in ("a", "gamma")
            if getattr(self, field) != RmiaAttack.model_fields[field].default
        )
        return "rmia" + "_offline" * (self.mode == "offline") + constants + _suffix(self)


class LabelOnlyAttack(BaseModel):
    """The gap attack: every example that the target classifies correctly is called a member."""

    model_config = STRICT

    kind: Literal["label_only"] = Field("label_only", description="'label_only'")
    signals: ClassVar[Seen] = "logits"
    queries: ClassVar[Queries] = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return "label_only"


class QuantileRegressionAttack(BaseModel):
    """The attack of Bertran et al. 2023: the target's confidence against what an example itself lets expect."""

    model_config = STRICT

    kind: Literal["quantile_regression"] = Field("quantile_regression", description="'quantile_regression'")
    signals: ReadoutField = "logits"
    queries: QueriesField = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return "quantile_regression" + _suffix(self)


class RegisteredAttack(BaseModel):
    """A user's function of what an attacker knows, registered under a name (`privsearch.register_attack`)."""

    model_config = STRICT

    kind: Literal["registered"] = Field("registered", description="'registered'")
    attack: Name = Field(description="the name under which an attack was registered")
    version: int = Field(1, ge=1, lt=1_000_000, description="the version of a registered attack, an integer from 1")
    signals: ReadoutField = "logits"
    queries: QueriesField = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        # Registered names have no dash, so that a name with a version is never the name of another attack.
        return self.attack + f"-v{self.version}" * (self.version > 1) + _suffix(self)


WORST: Final = "worst"
"""The name in the results table for the strongest of a trial's attacks; there is no attack of that name."""


def _suffix(attack: Any) -> str:
    """Return the end of an attack's name: its readout and its queries, unless they are the defaults."""
    return "".join(f"_{choice}" for choice in (attack.signals, attack.queries) if choice not in ("logits", "plain"))


def _attack_by_name(value: Any) -> Any:
    """Expand a name: `svm` to `{kind: svm}`, that of a registered attack to the name and the registered version."""
    fields = {"kind": value} if isinstance(value, str) else value
    entry = registry.find("attack", fields.get("kind")) if isinstance(fields, dict) else None
    return {"version": entry.version, **fields, "kind": "registered", "attack": entry.name} if entry else fields


def _attack_kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return {"registered": REGISTERED_TAG, **_THRESHOLD_TAGS}.get(str(kind), str(kind))


REGISTERED_TAG: Final = "registered_attack"
"""The tag that tells registered attacks from registered datasets in the paths of pydantic's errors."""
_THRESHOLD_TAGS: Final = dict.fromkeys(get_args(ThresholdKind), "threshold")

Attack = Annotated[
    Annotated[SvmAttack, Tag("svm")]
    | Annotated[ThresholdAttack, Tag("threshold")]
    | Annotated[LiraAttack, Tag("lira")]
    | Annotated[RmiaAttack, Tag("rmia")]
    | Annotated[LabelOnlyAttack, Tag("label_only")]
    | Annotated[QuantileRegressionAttack, Tag("quantile_regression")]
    | Annotated[RegisteredAttack, Tag(REGISTERED_TAG)],
    Discriminator(_attack_kind),
    BeforeValidator(_attack_by_name),
]

ATTACKS: Final[dict[str, type[BaseModel]]] = {
    tag.tag: attack for attack, tag in map(get_args, get_args(get_args(Attack)[0]))
}
"""The classes of the union, by the tags that pydantic puts into the paths of errors."""

ATTACK_KINDS: Final = tuple(
    kind
    for tag, attack in ATTACKS.items()
    if tag != REGISTERED_TAG
    for kind in get_args(attack.model_fields["kind"].annotation)
)
"""The names of the built-in attacks, as a sweep file has them."""


def needs_inputs(attack: Attack) -> bool:
    """Return whether an attack reads the examples themselves, beside the outputs."""
    entry = registry.find("attack", attack.attack) if attack.kind == "registered" else None
    return attack.kind == "quantile_regression" or (entry is not None and entry.inputs)


def adds_up(attack: Attack) -> bool:
    """Return whether an attack's scores are log-likelihood ratios or log-odds, so that those of a person add up."""
    return attack.kind == "lira"


def unmet_requirement(attack: Attack, protocol: Protocol, model: str) -> str | None:
    """Return the requirement of an attack that a trial does not meet, with the remedy; None if it meets all.

    The SVM needs a shadow. LiRA and RMIA need shadows with and without each example, and a variance for each example
    needs two or more of both, as does the trajectory of a membrane. Quantile regression needs examples that no network
    was trained on and none is judged on. An average over views needs these views, and a trajectory must have been kept.
    Spikes and membranes need a spiking network.
    """
    if protocol.checks_attacks and (nothing_to_learn_from := _unmet_by_examples(attack, protocol)):
        return nothing_to_learn_from
    if attack.queries not in protocol.queries:
        return (
            f"it asks about {attack.queries} views: give the protocol halves {VIEWS_OF[attack.queries]} of at least 1 "
            "(networks are asked when they are trained, so a study without these views is trained again)"
        )
    read = protocol.outputs_per_attack
    has_few = protocol.checks_attacks and protocol.shadows_in_each_state < 2
    if attack.kind == "lira" and attack.variance == "per_example" and has_few:
        return f"a variance for each example needs the protocol halves with 6 networks or more, not {read}"
    if attack.signals not in ("logits", "final_mem") and model != "snn":
        return f"{attack.name} needs a spiking network: add snn to a grid's model, or drop it"
    return _unmet_by_trajectory(attack, protocol) if attack.signals == "mem_trajectory" else None


def _unmet_by_examples(attack: Attack, protocol: Protocol) -> str | None:
    if attack.kind in ("lira", "rmia") and not protocol.shadows_in_each_state:
        return f"{attack.kind} needs shadows with and without each example: add halves to protocol, or drop it"
    if attack.kind == "svm" and protocol.outputs_per_attack < 2:
        return f"{attack.name} learns from a shadow: add paper or halves to protocol, or drop it"
    if attack.kind == "quantile_regression" and not protocol.has_population:
        return (
            f"{attack.name} learns from examples that no network was trained on and none is judged on: add halves or "
            "one_run to protocol, or drop it"
        )
    return None


def _unmet_by_trajectory(attack: LiraAttack, protocol: Protocol) -> str | None:
    if attack.mode == "offline" or attack.variance == "per_example" or attack.queries != "plain":
        return (
            "an attack on mem_trajectory must have mode: online, queries: plain and a variance that is shrunken or "
            f"pooled, but {attack.name} has mode: {attack.mode}, queries: {attack.queries}, variance: {attack.variance}"
        )
    if not protocol.has_trajectory:
        return (
            "it reads the membrane at every time step: give the protocol halves mem_trajectory: true (that is kept "
            "when networks are trained, so a study without it is trained again)"
        )
    if protocol.shadows_in_each_state < 2:
        read = protocol.outputs_per_attack
        return f"an attack on mem_trajectory needs the protocol halves with 6 networks or more, not {read}"
    return None


VIEWS_OF: Final = {"augmented": "augmented_queries", "input_dropout": "dropout_queries"}
"""The field of a protocol that says how many views there are, by the kind of query."""


def leading_attack(names: Sequence[str]) -> str:
    """Return the attack that stands for the paper's: `svm` if it is among these names, else the first."""
    return "svm" if "svm" in names else names[0]
