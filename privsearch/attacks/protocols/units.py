"""The units of membership: what is a member or not as a whole, be it one example or all those of a person."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray as Array

from privsearch.analysis.metrics import random_half
from privsearch.data.persons import strata


@dataclass(frozen=True, eq=False)
class Units:
    """The units of membership among n examples: persons, each with all of its examples, or the examples themselves.

    A person's score is made of those of its examples (`joined`). Of LiRA it is their **sum**, the log-likelihood ratio
    of all of them if they are independent. They are not quite, but on networks trained for it the sum found more than
    the mean, whether a person's examples were alike or not (docs/audit.md). Of every other attack it is the **mean**:
    its scores have no 0 that parts members from others, so that a sum would mostly tell how many examples a person has,
    and find less. No person's chance to be a member depends on that number, so that neither leaks it.

    Source: the mean, Kandpal et al. 2023 (arXiv 2310.09266), whose statistic of a user is that of the user's samples.

    Attributes:
        of: `(n,)`, the index of each example's unit; every index from 0 to the last occurs.
        are_examples: True if each unit is one example, in the order of the examples.
    """

    of: Int[Array, " n"]
    are_examples: bool = False

    @classmethod
    def numbered(cls, numbers: Int[Array, " n"] | None, num_examples: int) -> "Units":
        """Return the units of examples that have these numbers, alike for those of one person; None for examples."""
        if numbers is None:
            return cls(np.arange(num_examples), are_examples=True)
        return cls(np.unique(numbers, return_inverse=True)[1])

    def __len__(self) -> int:
        return len(self.of) if self.are_examples else int(self.of.max(initial=-1)) + 1

    @cached_property
    def _sizes(self) -> Int[Array, " units"]:
        return np.bincount(self.of, minlength=len(self))

    @cached_property
    def _by_unit(self) -> Int[Array, " n"]:
        """The indices of the examples, those of the first unit first."""
        return np.argsort(self.of, kind="stable")

    def among(self, chosen: Array) -> "Units":
        """Return the units of the examples that an index array or a mask picks; of a unit some may be left out."""
        numbers = None if self.are_examples else self.of[chosen]
        return Units.numbered(numbers, len(self.of[chosen]))

    def joined(self, scores: Float[Array, " n"], *, add: bool) -> Float[Array, " units"]:
        """Return the score of each unit: the mean of its examples' scores, or with `add` their sum."""
        if self.are_examples:
            return scores
        if add:
            return np.bincount(self.of, scores, minlength=len(self))
        # Equal scores give the very same mean, which sums of different lengths would not.
        least = np.full(len(self), np.inf)
        np.minimum.at(least, self.of, scores)
        above = np.bincount(self.of, scores - least[self.of], minlength=len(self))
        mean: Array = least + above / self._sizes
        return mean

    def shared(self, values: Shaped[Array, " n"]) -> Shaped[Array, " units"]:
        """Return the value of each unit's first example, as of what all of its examples have in common."""
        return values if self.are_examples else values[self._by_unit[np.cumsum(self._sizes) - self._sizes]]

    def spread(self, values: Shaped[Array, " units"]) -> Shaped[Array, " n"]:
        """Return, for each example, the value of its unit."""
        each: Array = values[self.of]
        return each

    def examples(self, chosen: Int[Array, " some"]) -> tuple[Int[Array, " m"], "Units"]:
        """Return the indices of the examples of these units, one unit after the other, and their units, renumbered."""
        if self.are_examples:
            return chosen, Units.numbered(None, len(chosen))
        ends = np.cumsum(self._sizes)
        parts = [self._by_unit[ends[unit] - self._sizes[unit] : ends[unit]] for unit in chosen.tolist()]
        return np.concatenate(parts), Units(np.repeat(np.arange(len(chosen)), self._sizes[chosen]))

    def kinds(self, labels: Int[Array, " n"]) -> Int[Array, " units"]:
        """Return the class that stands for each unit where units alike are drawn: a person's rarest one."""
        return labels if self.are_examples else strata(self.of, labels)

    def half(self, is_member: Bool[Array, " n"], rng: np.random.Generator) -> Bool[Array, " n"]:
        """Draw half of the members and half of the others, of units with all of their examples (`random_half`)."""
        return self.spread(random_half(self.shared(is_member), rng))
