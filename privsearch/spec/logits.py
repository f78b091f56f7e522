"""The output that is a network's logits, and the attacks on it: each once, whatever name it asks for them by.

A spiking network answers with its last layer's membrane, at the end or on average as `readout` says. An attack sees
what the network answers with, its logits, unless it asks for one of the two by its name. Where these are the logits, it
is the attack on the logits.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import InitErrorDetails

from privsearch.spec.attacks import Attack, Readout, unmet_requirement
from privsearch.spec.datasets import Dataset, dataset_name
from privsearch.spec.grids import Grid, problem
from privsearch.spec.protocols import Protocol
from privsearch.spec.recipe import recipe_for
from privsearch.spec.search import Search

NetworkKind = tuple[str, Readout]
"""A kind of network: its model, and which of its outputs are its logits."""


def network_kind(axes: Mapping[str, Any]) -> NetworkKind:
    """Return the kind of the networks at a point of a cross-product; logits without membranes are `final_mem`."""
    averages = axes["model"] == "snn" and axes.get("readout") == "mean"
    return axes["model"], "mean_mem" if averages else "final_mem"


def network_kinds(
    grids: Mapping[str, Grid], search: Search | None, recipe: Mapping[str, Any], datasets: Iterable[Dataset]
) -> tuple[NetworkKind, ...]:
    """Return the kinds of networks of a sweep with these fields."""
    spaces: list[Mapping[str, Any]] = [*grids.values(), *([search.space] if search else [])]
    otherwise = {recipe_for(recipe, dataset_name(dataset)).get("readout") for dataset in datasets}
    kinds = {
        network_kind({"model": model, "readout": readout})
        for space in spaces
        for model in space["model"]
        for readout in space.get("readout", otherwise)
    }
    return tuple(sorted(kinds))


def on_logits(attack: Attack, source: Readout) -> Attack:
    """Return an attack on networks whose logits are `source`: as the attack on logits, if it asks for these."""
    return attack.model_copy(update={"signals": "logits"}) if attack.signals == source else attack


def distinct_attacks(attacks: Iterable[Attack], source: Readout) -> tuple[Attack, ...]:
    """Return attacks on networks whose logits are `source`, in the form of `on_logits`, each once."""
    return tuple(dict.fromkeys(on_logits(attack, source) for attack in attacks))


def in_common_form(attacks: Iterable[Attack], kinds: Collection[NetworkKind]) -> tuple[Attack, ...]:
    """Return attacks in the form of `on_logits` where it is the same for all networks of a sweep, else as they are."""
    sources = {source for _, source in kinds}
    if len(sources) != 1:
        return tuple(attacks)
    (source,) = sources
    return tuple(on_logits(attack, source) for attack in attacks)


def fitting_attacks(attacks: Iterable[Attack], protocol: Protocol, kind: NetworkKind) -> tuple[Attack, ...]:
    """Return the attacks that can be run on networks of one kind under a protocol, as `distinct_attacks` does."""
    model, source = kind
    asked = distinct_attacks(attacks, source)
    return tuple(attack for attack in asked if unmet_requirement(attack, protocol, model) is None)


def idle_attacks(
    attacks: Sequence[Attack], protocols: Sequence[Protocol], kinds: Sequence[NetworkKind]
) -> list[InitErrorDetails]:
    """Return the problems of attacks that run on no trial, or are the same other attack wherever they do."""
    lacking: list[list[str]] = [[] for _ in attacks]
    twins: dict[int, set[int]] = {}
    for protocol in protocols:
        for model, source in kinds:
            forms: dict[Attack, set[int]] = {}
            for i, attack in enumerate(attacks):
                forms.setdefault(on_logits(attack, source), set()).add(i)
            for form, having in forms.items():
                unmet = unmet_requirement(form, protocol, model) or ""
                for i in having:
                    lacking[i].append(unmet)
                    if not unmet:
                        twins[i] = twins.get(i, having) & having - {i}
    sentences = [
        unmet[-1] if all(unmet) else _TOLD_TWICE.format(attacks[min(twins[i])].name) if twins[i] else ""
        for i, unmet in enumerate(lacking)
    ]
    return [
        problem("idle_attack", ("attacks", i), attacks[i].name, sentence)
        for i, sentence in enumerate(sentences)
        if sentence
    ]


_TOLD_TWICE: Final = (
    "it comes to the same as {} wherever it can be run, as both see what these networks answer with: remove one"
)
