"""The space of a search for one kind of network: its parameters, its size, its points."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import log, prod
from typing import Any, Final

import numpy as np

from privsearch.spec import AXES, Network
from privsearch.spec.axes import (
    ACTIVATION_DEFAULTS,
    BUILT_IN_MODELS,
    CONDITIONAL_DEFAULTS,
    axis_adapter,
    canonical_axes,
    uses_axis,
)
from privsearch.spec.search import Range, Space
from privsearch.sweep.equal import ONE_STEP_AXES, SIZED_AXES

MOST_LISTED: Final = 100_000
"""The most points of a space that are ever listed one by one."""

_DIGITS: Final = 6
"""Significant digits of a number that was drawn from a continuous range, as short as a person would write it."""
_STEP_DIGITS: Final = 12
"""Significant digits of a number reached in steps: enough for any step, too few for rounding noise."""

Axes = dict[str, Any]
"""The value of every axis of a trial, canonical."""


@dataclass(frozen=True)
class Parameter:
    """An axis that a search chooses.

    Attributes:
        axis: the name of the axis.
        values: the listed values, numbers in order and None last; empty for a range.
        range: the range of values; None for a list.
    """

    axis: str
    values: tuple[Any, ...] = ()
    range: Range | None = None

    @property
    def ordered(self) -> bool:
        """True if the values are a list of more than two numbers, whose order has a meaning."""
        return len(self.values) > 2 and not any(isinstance(value, str) for value in self.values)

    @property
    def size(self) -> int | None:
        """The number of values; None for a continuous range."""
        if self.range is None:
            return len(self.values)
        if self.range.continuous:
            return None
        return int((self.range.high - self.range.low) / (self.range.step or 1) + 1e-9) + 1

    def listed(self) -> Sequence[Any]:
        """Return all values of a parameter that is not continuous."""
        if self.range is None:
            return self.values
        return [self.stepped(i) for i in range(self.size or 0)]

    def stepped(self, steps: int) -> Any:
        """Return the value that `steps` steps from the lower bound of the range reach."""
        assert self.range is not None, "a list has no steps"
        return self.tidied(self.range.low + steps * (self.range.step or 1))

    def holds(self, value: Any) -> bool:
        """Tell whether a value belongs to this parameter."""
        if self.range is None:
            return value in self.values
        if not isinstance(value, int | float) or not self.range.low <= value <= self.range.high:
            return False
        steps = round((value - self.range.low) / (self.range.step or 1))
        return self.range.continuous or value == self.stepped(steps)

    def tidied(self, value: float) -> float:
        """Round a number of the range to a few significant digits, within the bounds; integers stay as they are."""
        if self.range is None or isinstance(value, int):
            return value
        digits = _DIGITS if self.range.continuous else _STEP_DIGITS
        return float(min(max(float(f"{value:.{digits}g}"), self.range.low), self.range.high))

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a value of this parameter at random."""
        if self.size is not None:
            drawn = int(rng.integers(self.size))
            return self.values[drawn] if self.range is None else self.stepped(drawn)
        assert self.range is not None, "a list has a size"
        low, high = self.range.low, self.range.high
        return self.tidied(
            float(np.exp(rng.uniform(log(low), log(high))) if self.range.log else rng.uniform(low, high))
        )


@dataclass(frozen=True)
class EqualValues:
    """Values of an axis that train the same networks.

    Attributes:
        axis: the name of the axis.
        values: these values; of a range the first and the last.
        is_range: whether all numbers between the first and the last are equal to these, too.
    """

    axis: str
    values: tuple[Any, ...]
    is_range: bool = False


class SearchSpace:
    """The points that a search chooses from on one dataset.

    Attributes:
        form: gives points that train the same networks the same axes, which need not lie in the space.
        parameters: the axes that a search chooses.
    """

    def __init__(
        self,
        space: Space,
        network: Network,
        base: Mapping[str, Any] | None = None,
        num_steps: int | None = None,
        form: Callable[[Axes], Axes] = dict,
    ) -> None:
        """Create the space of a search for one kind of network.

        Args:
            space: the space as the sweep file has it.
            network: the kind of network that the dataset takes.
            base: the values of the axes that the space leaves out (`SweepSpec.axes_for`).
            num_steps: the time steps of a dataset over time; None for others.
            form: gives points that train the same networks the same axes, which need not lie in the space.
        """
        self.form = form
        self._base = dict.fromkeys(AXES) | dict(base or {})
        self._network = network
        self._num_steps = num_steps
        axes = [axis for axis in ("model", "act_bit_width", "encoding", *AXES) if axis in space]
        self.parameters = tuple(_parameter(axis, space[axis]) for axis in dict.fromkeys(axes))

    @cached_property
    def size(self) -> int | None:
        """The number of points that train networks of their own; None if a range is continuous.

        Points that differ are counted where there are too many to be listed.
        """
        size = self._num_points
        if size is None or size > MOST_LISTED or not self._sized:
            return size
        return len({self.key(axes) for axes in self.points()})

    @property
    def _sized(self) -> Sequence[Parameter]:
        """The parameters with values that may be other ways to write the same training."""
        return [parameter for parameter in self.parameters if parameter.axis in SIZED_AXES]

    @cached_property
    def _num_points(self) -> int | None:
        sizes = {parameter.axis: parameter.size for parameter in self.parameters}
        if None in sizes.values():
            return None
        return sum(
            prod(size or 1 for axis, size in sizes.items() if axis not in chosen and self._matters(axis, chosen))
            for chosen in self._deciding()
        )

    def _deciding(self) -> Iterator[dict[str, Any]]:
        """Yield each model with each activation bit width and encoding, which decide what other axes have an effect."""
        for model in self._values("model"):
            deciding = ("act_bit_width", "encoding")
            values = [self._values(axis) if uses_axis(model, axis) else (None,) for axis in deciding]
            for point in product(*values):
                yield {"model": model, **dict(zip(deciding, point, strict=True))}

    @property
    def listable(self) -> bool:
        """True if the points are few enough to be listed."""
        return self._num_points is not None and self._num_points <= MOST_LISTED

    def points(self) -> Iterator[Axes]:
        """Return all distinct points of a space that can be listed."""
        partial: list[dict[str, Any]] = [{}]
        for parameter in self.parameters:
            partial = [
                {**chosen, parameter.axis: value} if self._matters(parameter.axis, chosen) else chosen
                for chosen in partial
                for value in (parameter.listed() if self._matters(parameter.axis, chosen) else (None,))
            ]
        return (self._whole(chosen) for chosen in partial)

    def point(self, choose: Callable[[Parameter], Any]) -> Axes:
        """Return the point that `choose` gives, asked for each parameter with an effect, in order of dependence."""
        chosen: dict[str, Any] = {}
        for parameter in self.parameters:
            if self._matters(parameter.axis, chosen):
                chosen[parameter.axis] = choose(parameter)
        return self._whole(chosen)

    def draw(self, rng: np.random.Generator) -> Axes:
        """Draw a point at random."""
        return self.point(lambda parameter: parameter.draw(rng))

    def choices(self, axes: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the choices that lead to a point, by axis; None if the point does not lie in the space."""
        chosen: dict[str, Any] = {}
        for parameter in self.parameters:
            if self._matters(parameter.axis, chosen):
                if not parameter.holds(axes[parameter.axis]):
                    return None
                chosen[parameter.axis] = axes[parameter.axis]
        return chosen if self._whole(chosen) == dict(axes) else None

    def key(self, axes: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a hashable key of a point, alike for points that train the same networks."""
        return point_key(self.form(dict(axes)))

    def placed(self, axes: Mapping[str, Any]) -> Axes | None:
        """Return the point of the space that trains the same networks as these axes; None if there is none."""
        if self.choices(axes) is not None:
            return dict(axes)
        sized = self._sized
        # Of a range the greatest value is equal to any other one that is equal to one outside of it.
        values = (parameter.values or (parameter.range and parameter.range.high,) for parameter in sized)
        for chosen in product(*values):
            point = {**axes, **dict(zip((parameter.axis for parameter in sized), chosen, strict=True))}
            if self.key(point) == self.key(axes) and self.choices(point) is not None:
                return point
        return None

    def equal_values(self) -> Iterator[EqualValues]:
        """Yield the values of each axis that train the same networks, with the whole split and whatever else is."""
        for parameter in self._sized:

            def key(value: Any, mine: Parameter = parameter) -> tuple[Any, ...]:
                return self.key(
                    self.point(lambda other: value if other.axis == mine.axis else _beside(other, mine.axis))
                )

            by_key: dict[tuple[Any, ...], list[Any]] = {}
            for value in _compared(parameter, key):
                by_key.setdefault(key(value), []).append(value)
            for values in by_key.values():
                if len(values) > 1:
                    yield EqualValues(parameter.axis, tuple(values), is_range=parameter.range is not None)

    def _values(self, axis: str) -> Sequence[Any]:
        lists = [parameter.listed() for parameter in self.parameters if parameter.axis == axis]
        return lists[0] if lists else (self._base[axis],)

    def _whole(self, chosen: Mapping[str, Any]) -> Axes:
        return canonical_axes({**self._base, **chosen}, self._network, self._num_steps)

    def _matters(self, axis: str, chosen: Mapping[str, Any]) -> bool:
        """Tell whether an axis has an effect, given the choices made before it (see `canonical_axes`)."""
        if axis == "model":
            return True
        model = chosen["model"]
        if axis in ACTIVATION_DEFAULTS and uses_axis(model, "act_bit_width"):
            return chosen.get("act_bit_width", self._base["act_bit_width"]) is not None and uses_axis(model, axis)
        if axis == "encoding_queries" and chosen.get("encoding", self._base["encoding"]) != "rate":
            return False
        if axis == "num_steps" and self._num_steps is not None:
            return False
        one_layer = axis == "spiking_layers" and self._network == "fcnet" and model in BUILT_IN_MODELS
        return uses_axis(model, axis) and not one_layer


def point_key(axes: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a hashable key of a point, its values in the order of AXES."""
    return tuple(axes[axis] for axis in AXES)


def _beside(parameter: Parameter, axis: str) -> Any:
    """Return the value of a parameter beside which most values of an axis are alike: the last, the whole split's."""
    wanted = {"model": "snn", "num_steps": 1}.get(parameter.axis) if axis in ONE_STEP_AXES else None
    if wanted is not None and parameter.holds(wanted):
        return wanted
    return parameter.values[-1] if parameter.range is None else parameter.range.high


def _compared(parameter: Parameter, key: Callable[[Any], tuple[Any, ...]]) -> Sequence[Any]:
    """Return all listed values, or of a range the first that is equal to the last, and the last."""
    if parameter.range is None:
        return parameter.values
    low, high = parameter.range.low, parameter.range.high
    if parameter.size is None:
        return (low, high)
    last = key(high)
    first = bisect_left(range(parameter.size), 1, key=lambda steps: int(key(parameter.stepped(steps)) == last))
    return (parameter.stepped(first), high) if first < parameter.size - 1 else (high,)


def _parameter(axis: str, choices: tuple[Any, ...] | Range) -> Parameter:
    if isinstance(choices, Range):
        return Parameter(axis, range=choices)
    typed = [axis_adapter(axis).validate_python(value) for value in choices]
    values: list[Any] = list(
        dict.fromkeys(CONDITIONAL_DEFAULTS.get(axis) if value is None else value for value in typed)
    )
    numbers = [value for value in values if isinstance(value, int | float)]
    # None stands for full precision or the whole split, so it sorts after the greatest number.
    return Parameter(axis, (*sorted(numbers), *(value for value in values if value not in numbers)))
