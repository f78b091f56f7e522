"""The signals that attacks see: the outputs of a cohort of networks on examples whose membership is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.spec import Queries, Readout, Recorded, Seen

ROUNDING: Final = 1e-6
"""The difference of outputs, relative to the largest, up to which it may be due to the order of summation."""


@dataclass(frozen=True)
class Signals:
    """The outputs of K networks on the same N examples: the sweep's training split first, its test split after it.

    Under a protocol that gives each target a split of its own, `is_member` alone tells whose training split an example
    is in, and the order says nothing.

    Attributes:
        outputs: `(K, V, N, C)`, unitless, by readout and kind of query; V is the number of views of each example. An
            ANN has `final_mem` alone: its logits. `mem_trajectory`, if it was kept, has a network's time steps in the
            place of the views.
        is_member: `(K, N)`, True if the example was in that network's training set.
        labels: `(N,)`, class indices from 0 to C - 1.
        rows: `(N,)`, the row of each example in the dataset, from 0, before any split or subsample. The rows of test
            data that the dataset brings are counted from 0 again; where targets have splits of their own, they go on.
        num_train: the number of the N examples that belong to the training split, the sweep's or each target's own.
        inputs: `(N, features)`, the examples as a network is given them, without augmentation; None unless they were
            loaded for an attack that asks for them. They are not archived with the rest.
        logits_from: the output that is the networks' logits, which they were trained by.
        units: `(N,)`, a number for each example, alike for those of a person, who is a member as a whole; None if each
            example is a unit of membership.
        groups: `(N,)`, the subgroup of each example, as an index into `group_names`, or -1 for none; None if there are
            no subgroups. What leaks is told of each of them as well.
        group_names: the names of the subgroups.
    """

    outputs: Mapping[tuple[Recorded, Queries], Float[Array, "networks _ examples classes"]]
    is_member: Bool[Array, "networks examples"]
    labels: Int[Array, " examples"]
    rows: Int[Array, " examples"]
    num_train: int
    inputs: Float[Array, "examples features"] | None = None
    units: Int[Array, " examples"] | None = None
    logits_from: Readout = "final_mem"
    groups: Int[Array, " examples"] | None = None
    group_names: tuple[str, ...] = ()

    @property
    def logits(self) -> Float[Array, "networks examples classes"]:
        """The logits for each example as it is: of an SNN the membrane potential that it was trained by."""
        return self.answers("logits", "plain")[:, 0]

    def named(self, seen: Seen | Recorded) -> Recorded:
        """Return the name under which the outputs are kept that an attack asks for."""
        return self.logits_from if seen == "logits" else seen

    def answers(self, seen: Seen | Recorded, queries: Queries) -> Float[Array, "networks views examples classes"]:
        """Return the outputs that an attack reads; for an ANN always the logits, its only outputs."""
        is_spiking = ("spike_counts", queries) in self.outputs
        return self.outputs[self.named(seen) if is_spiking else "final_mem", queries]

    def of_networks(self, chosen: Sequence[int]) -> "Signals":
        """Return the signals of the networks with these indices alone, in this order."""
        indices = list(chosen)
        outputs = {key: array[indices] for key, array in self.outputs.items()}
        return replace(self, outputs=outputs, is_member=self.is_member[indices])

    def constant_networks(self, seen: Seen | Recorded, queries: Queries) -> tuple[int, ...]:
        """Return the networks, from 0, whose outputs are the same for all examples, so that no attack can see anything.

        A network has such outputs if a layer never fires, or has all its ReLUs at 0, for any example: the layers behind
        it then get the same zeros every time.
        """
        answers = self.answers(seen, queries)
        low, high = (extreme(axis=2).astype(np.float64) for extreme in (answers.min, answers.max))
        spread = (high - low).max(axis=(1, 2))
        return tuple(np.flatnonzero(spread <= ROUNDING * np.maximum(-low, high).max(axis=(1, 2))).tolist())
