"""Outputs of networks that were trained elsewhere, made into a trial of a study.

A trial of ours is a specification and a cohort: the outputs of its networks, and who was a member of which. Outputs
that are brought are such a cohort already. So they get a specification that says under which protocol they are judged,
and all that reads studies reads them. There is no other evaluation, no other table and no other page for them.

The protocol follows from the members, and from what is said of how they were drawn:

- `one_run`, if a coin decided on each example (`coins`), which bounds epsilon without any assumption;
- `halves`, if the networks come in pairs, one trained on about half of the examples and one on the rest of them, as
  `HalvesRules.draw_cohort` draws them;
- `given` otherwise: one network alone, reference networks, or any other members.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch._util.text import cut, joined
from privsearch.attacks.protocols.halves import FEWEST
from privsearch.data.given_outputs import GivenOutputs
from privsearch.errors import DataError, SpecError
from privsearch.spec import (
    Attack,
    GivenProtocol,
    HalvesProtocol,
    OneRunProtocol,
    OutputsDataset,
    Protocol,
    SweepSpec,
    TrialSpec,
)
from privsearch.spec.attacks import unmet_requirement
from privsearch.spec.dataset_fields import NAME_RULE
from privsearch.spec.logits import distinct_attacks
from privsearch.spec.sweep import RECORDED
from privsearch.study.cohort import Cohort, Training
from privsearch.study.environment import present_environment
from privsearch.study.result import TrainedNetwork
from privsearch.study.signals import Signals

ATTACKS: Final = (
    *("loss", "confidence", "entropy", "modified_entropy", "label_only", "lira"),
    {"kind": "lira", "variance": "pooled"},
    {"kind": "lira", "mode": "offline"},
    "rmia",
    {"kind": "rmia", "mode": "offline"},
)
"""The attacks on outputs if none are asked for: all built-in ones that learn from no other kernel or inputs."""

_ABOUT_HALF: Final = 0.1
"""How far from a half the share of a network's members may be under `halves`, where persons or classes are halved."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_UNFAIR: Final = 6
"""The standard deviations from a half beyond which coins were none: chance alone exceeds them in 1 of 500 million."""


@dataclass(frozen=True)
class GivenTrial:
    """Outputs as a trial.

    Attributes:
        spec: the trial, under the protocol that fits the members.
        trial_id: its key, which covers the outputs.
        cohort: its networks.
        told: sentences on how the outputs are judged, and on the attacks that are left out.
    """

    spec: TrialSpec
    trial_id: str
    cohort: Cohort
    told: tuple[str, ...]

    def sweep(self, earlier: SweepSpec | None = None) -> SweepSpec:
        """Return the sweep of a study that holds this trial, beside those of an earlier sweep of the study."""
        models = [] if earlier is None else earlier.grids["outputs"]["model"]
        attacks = () if earlier is None else earlier.attacks
        fields = {
            "name": self.spec.dataset_name,
            "datasets": (self.spec.dataset,),
            "protocol": (self.spec.protocol,),
            "grids": {"outputs": {"model": tuple(dict.fromkeys((*models, self.spec.model)))}},
            "attacks": tuple(dict.fromkeys((*attacks, *self.spec.attacks))),
            "seed": self.spec.seed,
        }
        return SweepSpec.model_validate(fields, context=RECORDED)


def given_trial(
    outputs: GivenOutputs, attacks: Sequence[Attack], *, name: str, model: str, seed: int = 0
) -> GivenTrial:
    """Make a trial of outputs.

    Args:
        outputs: the outputs, checked.
        attacks: those to run, as far as they fit.
        name: the name of the examples, as of a dataset.
        model: the tag of the networks, as that of a registered model, such as `forest-v1`.
        seed: decides all that attacks and their evaluation leave to chance.

    Raises:
        DataError: coins are said to have chosen the members, but cannot have.
        SpecError: no attack can be run, or the name is none.
    """
    if not _NAME.fullmatch(name):
        raise SpecError(f"the name of the examples must be {NAME_RULE}, but got {cut(name)}; give another name")
    outputs, protocol, how = _with_protocol(outputs)
    asked = distinct_attacks(attacks, "final_mem")
    unmet = {attack: unmet_requirement(attack, protocol, model) for attack in asked}
    told = left_out_words({attack.name: reason for attack, reason in unmet.items() if reason})
    fitting = tuple(attack for attack, reason in unmet.items() if not reason)
    if not fitting:
        raise SpecError(f"there must be an attack that can be run on these outputs, but: {' '.join(told)}")
    dataset = OutputsDataset(name=name, digest=_digest(_who_is_where(outputs))[:16])
    spec = TrialSpec(dataset=dataset, model=model, protocol=protocol, attacks=fitting, seed=seed)
    fingerprint = _digest([*_who_is_where(outputs), outputs.logits])
    return GivenTrial(spec, spec.trial_id(fingerprint), _cohort(outputs), (*outputs.told, how, *told))


def left_out_words(reasons: Mapping[str, str]) -> list[str]:
    """Return a sentence for each reason why attacks are left out, given the reason of each by its name."""
    attacks = {reason: [name for name, why in reasons.items() if why == reason] for reason in reasons.values()}
    return [
        f"Left out {'is' if len(names) == 1 else 'are'} {joined(names, len(names))}: {reason}."
        for reason, names in attacks.items()
    ]


def _with_protocol(outputs: GivenOutputs) -> tuple[GivenOutputs, Protocol, str]:
    """Return the protocol that fits the members, and how that was told; `halves` also tells the population."""
    judged = outputs.is_member[:, ~outputs.population]
    if outputs.coins:
        _check_coins(outputs, judged)
        protocol: Protocol = OneRunProtocol(replicates=outputs.audited)
        return outputs, protocol, f"Judged under the protocol {protocol.summary}."
    is_trained_on: Bool[Array, " examples"] = np.any(outputs.is_member, axis=0)
    if outputs.audited == len(outputs.is_member) and _are_halves(outputs.is_member[:, is_trained_on]):
        protocol = HalvesProtocol(networks=outputs.audited)
        rest: Bool[Array, " examples"] = np.logical_not(is_trained_on)
        others = f" The other {int(rest.sum())} examples, which no network was trained on, are the population."
        how = f"Judged under the protocol {protocol.summary}.{others if rest.any() else ''}"
        return replace(outputs, population=rest), protocol, how
    protocol = GivenProtocol(
        audited=outputs.audited,
        references=len(outputs.is_member) - outputs.audited,
        same_members=bool((judged[: outputs.audited] == judged[0]).all()),
    )
    return outputs, protocol, f"Judged under the protocol {protocol.summary}. {_classes_differ(outputs)}".rstrip()


def _are_halves(is_member: Bool[Array, "networks examples"]) -> bool:
    if len(is_member) < FEWEST or len(is_member) % 2:
        return False
    is_rest = (is_member[::2] != is_member[1::2]).all()
    return bool(is_rest and (np.abs(is_member.mean(axis=1) - 0.5) <= _ABOUT_HALF).all())


def _check_coins(outputs: GivenOutputs, judged: Bool[Array, "networks examples"]) -> None:
    if outputs.audited < len(outputs.is_member):
        raise DataError("coins: reference networks have no place under the protocol one_run; leave one of them out")
    if lacking := OneRunProtocol().lacks_examples(judged.shape[1]):
        raise DataError(f"coins: {lacking}")
    count = judged.shape[1]
    for network, heads in enumerate(judged.sum(axis=1).tolist()):
        if abs(heads - count / 2) > _UNFAIR * sqrt(count) / 2:
            raise DataError(
                "coins: a fair coin for each example makes about half of them members, but network "
                f"{network} (counted from 0) has {heads} of {count}; leave out coins, or say with population which "
                "examples no coin was tossed for"
            )


def _classes_differ(outputs: GivenOutputs) -> str:
    """Warn if the classes alone tell members from others: then an attack may do so without any leak."""
    from scipy.stats import chi2_contingency  # slow to import

    outside = ~outputs.population
    labels, is_member = outputs.labels[outside], outputs.is_member[0, outside]
    counts = np.stack([np.bincount(labels[kind], minlength=int(labels.max()) + 1) for kind in (is_member, ~is_member)])
    counts = counts[:, counts.sum(axis=0) > 0]
    p = float(chi2_contingency(counts).pvalue) if counts.shape[1] > 1 else 1.0
    if p >= 0.001:
        return ""
    return (
        f"WARNING: the classes of members and non-members differ by more than chance would have it (p = {p:.1e}, "
        "chi-squared): an attack may tell them by their class, without any leak."
    )


def _cohort(outputs: GivenOutputs) -> Cohort:
    # The population last, as the test split of what is trained here.
    order = np.concatenate([np.flatnonzero(~outputs.population), np.flatnonzero(outputs.population)])
    logits, is_member, labels = outputs.logits[:, order], outputs.is_member[:, order], outputs.labels[order]
    signals = Signals(
        {("final_mem", "plain"): logits[:, None]},
        is_member,
        labels,
        order,
        int((~outputs.population).sum()),
        groups=None if outputs.groups is None else outputs.groups[order],
        group_names=outputs.group_names,
    )
    networks = tuple(
        _network(right, of_one, labels)
        for right, of_one in zip(logits.argmax(axis=2) == labels, is_member, strict=True)
    )
    # What they were trained with is not known. What they are judged with is, and numbers depend on that alone.
    training = Training(environment=present_environment())
    return Cohort(signals, networks, (training,) * len(networks))


def _network(right: Bool[Array, " examples"], is_member: Bool[Array, " examples"], labels: Array) -> TrainedNetwork:
    """Return what is known of a network: how it does on its members, and on all examples that it was not trained on.

    A reference network need not have both; then all examples stand for those that are missing.
    """
    members, others = (kind if kind.any() else np.ones_like(kind) for kind in (is_member, ~is_member))
    by_class = [right[others & (labels == label)].mean() for label in np.unique(labels[others])]
    return TrainedNetwork(
        train_accuracy=float(right[members].mean()),
        test_accuracy=float(right[others].mean()),
        balanced_accuracy=float(np.mean(by_class)),
        history=(),
    )


def _who_is_where(outputs: GivenOutputs) -> list[Array]:
    groups = [] if outputs.groups is None else [outputs.groups, np.array(outputs.group_names)]
    return [outputs.labels, outputs.is_member, outputs.population, np.array(outputs.audited), *groups]


def _digest(arrays: Iterable[Float[Array, "..."] | Array]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data if array.dtype.kind != "U" else array.tobytes())
    return digest.hexdigest()
