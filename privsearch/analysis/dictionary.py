"""The meaning, the unit and the range of every column of the tables of results: the one place that describes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final, Literal

from privsearch.spec.attacks import WORST
from privsearch.spec.columns import ACCURACIES, COSTS, PLACEBO_NUMBERS, WITH_PLACEBO, Column

Type = Literal["string", "integer", "number", "boolean"]
"""A type of Frictionless' Table Schema."""


@dataclass(frozen=True)
class ColumnMeaning:
    """A column of a table, described.

    Attributes:
        name: the header.
        type: the type of its values, as Frictionless' Table Schema names types.
        unit: the unit of a number, such as `fraction`; empty for words and for numbers without one.
        meaning: a sentence without its full stop.
        minimum: the least possible value; None if nothing bounds it.
        maximum: the greatest possible value; None if nothing bounds it.
        allowed: the only possible values; empty if there are others.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()


def _word(name: str, meaning: str, *values: str) -> ColumnMeaning:
    return ColumnMeaning(name, "string", "", meaning, allowed=values)


def _count(name: str, unit: str, meaning: str, least: int = 0) -> ColumnMeaning:
    return ColumnMeaning(name, "integer", unit, meaning, minimum=least)


def _number(name: str, unit: str, meaning: str, least: float | None = 0.0) -> ColumnMeaning:
    return ColumnMeaning(name, "number", unit, meaning, minimum=least)


_TRIAL: Final = (
    _word("trial_id", "id of the trial: the same configuration, data, protocol and seed have the same id everywhere"),
    _word("dataset", "name of the dataset"),
    _word("protocol", "kind of the protocol, such as halves, which says which examples are members"),
)

_AXES: Final = (
    _word("model", "kind of network: ann, snn, or a registered model with its version"),
    _word("spiking_layers", "layers that spike: all, or head (the linear layers alone); empty for other models"),
    _count("weight_bit_width", "bits", "width of the weights; empty for full precision", 2),
    _count("act_bit_width", "bits", "width of activations, of an SNN of its membranes; empty for full precision", 2),
    _number("threshold", "", "clip of quantised activations, and firing threshold of an SNN; empty without effect"),
    _word("surrogate_gradient", "surrogate gradient that stands for the derivative of a spike; empty for other models"),
    _count("num_steps", "time steps", "time steps that a spiking network sees an example for; empty without effect", 1),
    _number("beta", "", "share of a membrane that is left after a time step; empty without effect"),
    _word("encoding", "spikes that stand for the inputs: direct (the values themselves), rate, latency or delta"),
    _count("encoding_queries", "draws", "draws of spikes that an answer is the mean of; empty without effect", 1),
    _word("readout", "membrane of the last layer that is the answer: final, or its mean over time"),
    ColumnMeaning("quantize_readout", "boolean", "", "the last layer's membranes are quantised too"),
    _word("state_range", "lowest and highest level of a quantised membrane, a pair in thresholds"),
    _word("threshold_sets", "quantity that the threshold sets: the clip, the firing threshold, or both"),
    _word("state_gradient", "gradient of a membrane that was clipped: clipped (none), or straight_through"),
    _word("quantize_state", "moment at which membranes are rounded: before_firing, after_firing or for_firing"),
    _count("epochs", "epochs", "passes over the training examples", 1),
    _count("batch_size", "examples", "examples of a training step", 1),
    _word("optimizer", "optimiser of the training: adam, or sgd with a momentum of 0.9"),
    _number("learning_rate", "", "learning rate of the optimiser"),
    _number("weight_decay", "", "weight decay of the optimiser"),
    _word("precision", "arithmetic of the hidden layers' products: fp32 or bf16"),
    _number("width", "", "size of the hidden layers, in times the usual sizes"),
    _count("train_size", "examples", "examples kept of the training split; empty for all", 2),
    _count("test_size", "examples", "examples kept of the test split; empty for all", 2),
    _word("dp", "differential privacy of the training, as the sweep asks for it; empty for none"),
)

_OF_A_TRIAL: Final = (
    _word("status", "outcome of the trial", "completed", "failed"),
    _count("replicates", "networks", "targets: the attacked networks, which means and deviations are over", 1),
    _count("seed", "", "seed that every random choice of the trial follows from"),
    _number("seconds", "seconds", "time from the trial's beginning to its end, on the machine that ran it"),
    _word("error", "reason of a failure; empty for a completed trial"),
    _count("dead_networks", "networks", "networks that give every example the same outputs; no attack has a number"),
    _count("networks_at_chance", "networks", "networks that have not learnt: no more accurate than a constant answer"),
    _word("environment", "versions and processor that the trial was trained and attacked with"),
    _word("attacks_missing", "attacks that were asked for and are still to be run; empty for none"),
    _number("dp_epsilon", "", "largest epsilon that DP-SGD promises of any target, by the accountant"),
    _number("dp_delta", "", "delta that belongs to dp_epsilon"),
    _number("dp_noise_multiplier", "", "least noise of any target, in times the norm that gradients are clipped to"),
    _number("inputs_auc", "fraction", "blind baseline: AUC of a classifier that tells the splits by the inputs alone"),
)

_OF_NETWORKS: Final[Mapping[str, tuple[str, str]]] = {
    "train_accuracy": ("fraction", "accuracy on the examples that the target was trained on"),
    "test_accuracy": ("fraction", "accuracy on examples that the target was not trained on"),
    "balanced_accuracy": ("fraction", "mean over the classes of the accuracy on test examples of a class"),
    "macs": ("operations", "multiplications with addition that an example takes"),
    "acs": ("operations", "additions that an example's spikes cause"),
    "dense_ops": ("operations", "operations of an example if no weight and no activation were 0"),
    "membrane_updates": ("operations", "updates of membranes that an example takes, neurons times time steps"),
    "firing_rate": ("fraction", "share of neurons that fire at a time step"),
    "energy.flat": ("nanojoules", "energy of an example by the flat table of costs, whatever the bits"),
    "energy.bits": ("nanojoules", "energy of an example by the table of costs that counts bits"),
    "energy.memory": ("nanojoules", "energy of an example by the table of costs that counts memory"),
}

_OF_AN_ATTACK: Final[Mapping[str, tuple[str, str]]] = {
    "auc": ("fraction", "AUC of the attack: the chance that a member scores above a non-member; guessing gives 0.5"),
    "balanced_accuracy": ("fraction", "share of right answers, members and non-members alike; guessing gives 0.5"),
    "tpr_at_fpr_1e-1": ("fraction", "share of members found where 0.1 of the non-members are accused"),
    "tpr_at_fpr_1e-2": ("fraction", "share of members found where 0.01 of the non-members are accused"),
    "tpr_at_fpr_1e-3": ("fraction", "share of members found where 0.001 of the non-members are accused"),
    "advantage": ("fraction", "true less false positive rate of the attack; guessing gives 0"),
    "epsilon_low": ("", "lower bound on epsilon, at a confidence of 0.975; empty where membership is not random"),
    "epsilon_ceiling": ("", "largest epsilon_low that so many examples can show"),
    "num_members": ("examples", "members that the attack scores, the same number for every target"),
    "num_non_members": ("examples", "non-members that the attack scores, the same number for every target"),
    "noise_floor": ("fraction", "half-width of the 95 % interval around an AUC of 0.5 that guessing gives on a target"),
    "blind_auc": ("fraction", "blind baseline: AUC of the attack on a network that was never trained"),
    "blind_excess_auc": ("fraction", "AUC on a network that was never trained, less that of its placebo"),
}

_OF_PLACEBO: Final = {
    "placebo": "on a placebo, examples of which none was trained on",
    "matched": "with as many members as the placebo has",
    "excess": "with as many members as the placebo has, less that of the placebo",
}

_SLICES: Final = (
    _word("attack", "name of the attack"),
    _word(
        "slice", "slice of the examples: a class, such as class 0, those classified as correct or wrong, or a subgroup"
    ),
    ColumnMeaning("auc", "number", "fraction", "mean over the targets of the attack's AUC in the slice", 0.0, 1.0),
    _number("auc_sd", "fraction", "sample standard deviation over the targets of auc"),
    _count("n", "networks", "targets with members and non-members in the slice"),
    ColumnMeaning("placebo_auc", "number", "fraction", "mean AUC in the slice on a placebo, none trained on", 0.0, 1.0),
    ColumnMeaning("matched_auc", "number", "fraction", "mean AUC with as many members as the placebo has", 0.0, 1.0),
    ColumnMeaning("excess_auc", "number", "fraction", "matched_auc less placebo_auc", -1.0, 1.0),
    _number("excess_auc_sd", "fraction", "sample standard deviation over the targets of excess_auc"),
    _count("excess_n", "networks", "targets that have both numbers in the slice"),
    ColumnMeaning("auc_low", "number", "fraction", "of a subgroup, lower end of the 95 % interval of auc", 0.0, 1.0),
    ColumnMeaning("auc_high", "number", "fraction", "of a subgroup, upper end of the 95 % interval of auc", 0.0, 1.0),
    _number("num_members", "examples", "mean number of members in the subgroup over the targets"),
    _number("num_non_members", "examples", "mean number of non-members in the subgroup over the targets"),
    ColumnMeaning("more_than_rest", "number", "fraction", "auc less that among all other examples", -1.0, 1.0),
    ColumnMeaning(
        "more_than_rest_low", "number", "fraction", "lower end of its interval, 95 % for all subgroups", -1.0, 1.0
    ),
    ColumnMeaning(
        "more_than_rest_high", "number", "fraction", "upper end of its interval, 95 % for all subgroups", -1.0, 1.0
    ),
)

_EXPOSED: Final = (
    _word("attack", "name of the attack"),
    _count("rank", "", "place among the trial's examples for this attack, the most exposed first", 1),
    _count("row", "", "row of the example in the data as they were read, from 0; of a person the first row"),
    _count("label", "", "class of the row, as a number from 0"),
    _number("mean_score", "", "mean score over the targets trained on it, in the attack's own unit", None),
    _count("accused", "networks", "targets trained on it that the attack finds it in, accusing 0.1 of the non-members"),
    _count("trained", "networks", "targets that were trained on it"),
    _count("falsely_accused", "networks", "other targets that the attack says were trained on it"),
    _count("not_trained", "networks", "targets that were not trained on it"),
)

_TABLES: Final[Mapping[str, Mapping[str, ColumnMeaning]]] = {
    name: {column.name: column for column in (*_TRIAL, *columns)}
    for name, columns in {
        "results": (*_AXES, *_OF_A_TRIAL),
        "targets": (
            _count("target", "", "number of the target in the trial, from 0"),
            _word("worst.attack", "attack with the trial's highest mean AUC"),
        ),
        "slices": _SLICES,
        "exposed": _EXPOSED,
    }.items()
}

_OF_RESULTS_ALONE: Final = ("noise_floor", "blind_auc", "blind_excess_auc")
_WHOLE: Final = ("num_members", "num_non_members")
_ENDS: Final = {"low": "lower", "high": "upper"}


def column_meaning(table: str, header: str) -> ColumnMeaning:
    """Describe a column of a table of results.

    Args:
        table: `results`, `targets`, `slices` or `exposed`.
        header: the header of the column, such as `lira.auc_sd`.

    Raises:
        KeyError: such a table has no such column.
    """
    if header in _TABLES[table]:
        return _TABLES[table][header]
    if table in ("slices", "exposed"):
        raise KeyError(header)
    described = _measured(table, Column.parse(header))
    if described is None:
        raise KeyError(header)
    return replace(described, name=header)


def own_columns(table: str) -> tuple[ColumnMeaning, ...]:
    """Return the columns of a table that are no numbers of networks or attacks, in order."""
    return tuple(_TABLES[table].values())


def measured_columns(table: str) -> tuple[ColumnMeaning, ...]:
    """Return the numbers of networks and attacks that `results` or `targets` may have, those of attacks once.

    They are called `ATTACK.auc` and so on. Standard deviations and ends of intervals are left out.
    """
    attack = (*WITH_PLACEBO, *PLACEBO_NUMBERS)
    others = [number for number in _OF_AN_ATTACK if number not in attack]
    others = [number for number in others if table == "results" or number not in _OF_RESULTS_ALONE]
    headers = [*ACCURACIES, *COSTS, *(str(Column("ATTACK", number)) for number in (*attack, *others))]
    return tuple(column_meaning(table, header) for header in headers)


def _measured(table: str, column: Column) -> ColumnMeaning | None:
    """Describe a number of networks or of an attack, or the spread of one; None if there is no such number."""
    known = _OF_NETWORKS if column.attack is None else _OF_AN_ATTACK
    base = _base(column, known)
    if base is not None:
        return _mean(table, column, *base)
    number, _, end = column.number.rpartition("_")
    of = Column(column.attack, number)
    described = _TABLES[table].get(str(of)) or (_measured(table, of) if end in ("sd", *_ENDS) else None)
    if described is None:
        return None
    if end == "sd":
        return ColumnMeaning("", "number", described.unit, f"sample standard deviation of {of} over the targets", 0.0)
    meaning = f"{_ENDS[end]} end of the 95 % interval of {of}{_by(table, of)}"
    return replace(described, type="number", meaning=meaning)


def _by(table: str, of: Column) -> str:
    """Say how the interval of a number is made, as the end of a sentence; empty for a blind baseline."""
    if table == "targets":
        return ", by DeLong" if of.is_auc else ", by Clopper and Pearson" if of.number.startswith("tpr") else ""
    if of.is_auc:
        return ", simultaneous for all attacks" if of.attack == WORST else ", by a hierarchical bootstrap"
    return ", from the spread over the targets" if of.is_mean else ""


def _base(column: Column, known: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    """Return the unit and the meaning of a number that is no spread; None of any other."""
    if column.number in known:
        return known[column.number]
    if column.attack is None:
        unit, meaning = known.get(column.number.removesuffix("_once"), ("", ""))
        once = "layers before the first spikes computed once and not at every step"
        return (unit, f"{meaning}, {once}") if column.number in COSTS else None
    if column.number not in PLACEBO_NUMBERS:
        return None
    prefix, _, number = column.number.partition("_")
    unit, meaning = known[number]
    return unit, f"{re.split('[:;]', meaning)[0]}, {_OF_PLACEBO[prefix]}"


def _mean(table: str, column: Column, unit: str, meaning: str) -> ColumnMeaning:
    low, high = column.bounds
    over = "mean over the targets of the " if table == "results" and column.is_mean else ""
    whole = column.number in _WHOLE
    return ColumnMeaning(
        "",
        "integer" if whole else "number",
        unit,
        over + meaning,
        minimum=low,
        maximum=high if isfinite(high) and not whole else None,
    )
