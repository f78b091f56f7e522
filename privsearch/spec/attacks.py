"""The attacks that a sweep may name. One class and one union entry each."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag

from privsearch.spec.protocols import Protocol, Queries
from privsearch.spec.strict import STRICT

Readout = Literal["final_mem", "spike_counts", "mean_mem"]
"""What of a spiking network's last layer an attacker sees; of an ANN it is always the logits."""

ThresholdKind = Literal["loss", "confidence", "entropy", "modified_entropy"]


AskedReadout = Annotated[
    Readout,
    Field(
        description="one of final_mem, spike_counts, mean_mem: what the attacker sees of a spiking network's last layer"
    ),
]
AskedQueries = Annotated[
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
    signals: AskedReadout = "final_mem"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return "svm" + "_per_class" * self.per_class + "_unbalanced" * (not self.undersample) + _suffix(self)


class ThresholdAttack(BaseModel):
    """One number computed from the target's output alone, without any shadow."""

    model_config = STRICT

    kind: ThresholdKind = Field(description="one of loss, confidence, entropy, modified_entropy")
    signals: AskedReadout = "final_mem"
    queries: AskedQueries = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return self.kind + _suffix(self)


class LiraAttack(BaseModel):
    """The likelihood ratio attack of Carlini et al. 2022."""

    model_config = STRICT

    kind: Literal["lira"] = Field("lira", description="'lira'")
    mode: Literal["online", "offline"] = Field(
        "online", description="'online' (shadows with and without the example) or 'offline' (those without it)"
    )
    variance: Literal["pooled", "per_example"] = Field(
        "pooled", description="'pooled' (one variance for all examples) or 'per_example'"
    )
    signals: AskedReadout = "final_mem"
    queries: AskedQueries = "plain"

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        per_example = "_per_example" * (self.variance == "per_example")
        return "lira" + "_offline" * (self.mode == "offline") + per_example + _suffix(self)


class RmiaAttack(BaseModel):
    """The robust membership inference attack of Zarifzadeh et al. 2024."""

    model_config = STRICT

    kind: Literal["rmia"] = Field("rmia", description="'rmia'")
    mode: Literal["online", "offline"] = Field(
        "online", description="'online' (shadows with and without the example) or 'offline' (those without it)"
    )
    a: float = Field(
        0.3, ge=0, le=1, description="a number from 0 to 1: how a confidence without the example foretells one with it"
    )
    gamma: float = Field(
        1.0, ge=0.1, le=100, description="a number from 0.1 to 100: how far a ratio must exceed the population's"
    )
    signals: AskedReadout = "final_mem"
    queries: AskedQueries = "plain"

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
    """The gap attack: what the target classifies correctly is called a member."""

    model_config = STRICT

    kind: Literal["label_only"] = Field("label_only", description="'label_only'")

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return "label_only"


ATTACK_KINDS: Final = ("svm", *get_args(ThresholdKind), "lira", "rmia", "label_only")

WORST: Final = "worst"
"""The strongest of a trial's attacks, which is a name in the results table and no attack of its own."""


def _suffix(attack: Any) -> str:
    """What an attack's name has behind it where it does not read the final membrane, or asks about views."""
    chosen = (attack.signals, getattr(attack, "queries", "plain"))
    return "".join(f"_{choice}" for choice in chosen if choice not in ("final_mem", "plain"))


def _attack_by_name(value: Any) -> Any:
    """Let `svm` stand for `{kind: svm}`."""
    return {"kind": value} if isinstance(value, str) else value


def _attack_kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "threshold" if kind in get_args(ThresholdKind) else str(kind)


Attack = Annotated[
    Annotated[SvmAttack, Tag("svm")]
    | Annotated[ThresholdAttack, Tag("threshold")]
    | Annotated[LiraAttack, Tag("lira")]
    | Annotated[RmiaAttack, Tag("rmia")]
    | Annotated[LabelOnlyAttack, Tag("label_only")],
    Discriminator(_attack_kind),
    BeforeValidator(_attack_by_name),
]


def applies(attack: Attack, protocol: Protocol) -> bool:
    """Whether a protocol gives an attack what it needs: LiRA and RMIA shadows in both states, others their queries."""
    if attack.kind in ("lira", "rmia") and protocol.kind == "paper":
        return False
    return getattr(attack, "queries", "plain") in protocol.queries
