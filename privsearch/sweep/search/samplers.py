"""Optuna's samplers for the points of a space, each created anew for one proposal, so that none keeps state."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, Trial

from privsearch.analysis.labels import plain
from privsearch.spec import Direction
from privsearch.spec.samplers import GaSampler, GpSampler, Sampler, TpeSampler
from privsearch.sweep.search.space import Parameter, SearchSpace


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's log of new studies and its warnings about experimental features."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def new_study(directions: Sequence[Direction]) -> optuna.Study:
    """Create an Optuna study in memory, so that no trial is ever left marked as running on disk."""
    with quiet_optuna():
        return optuna.create_study(directions=list(directions))


def new_sampler(sampler: Sampler, space: SearchSpace, seed: int) -> BaseSampler:
    """Create a sampler that proposes points of a space.

    Args:
        sampler: the kind of sampler and its options.
        space: the points to choose from.
        seed: the seed of all draws, below 2**32.
    """
    return _Tidy(_inner(sampler, seed), {parameter.axis: parameter for parameter in space.parameters})


class Decided(BaseSampler):
    """A sampler that proposes a given point, while another sampler adds its usual notes to the trial."""

    def __init__(self, params: dict[str, Any], other: BaseSampler | None) -> None:
        """Create a sampler of one point.

        Args:
            params: the point, in Optuna's names and values.
            other: the sampler that adds its notes, if any.
        """
        self._params = params
        self._other = other

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that the other sampler would draw together."""
        return self._other.infer_relative_search_space(study, trial) if self._other else {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing, but let the other sampler add its notes, such as the generation of a genetic algorithm."""
        if self._other:
            self._other.sample_relative(study, trial, search_space)
        return {}

    def sample_independent(
        self,
        study: optuna.Study,  # noqa: ARG002  # asked for by Optuna
        trial: FrozenTrial,  # noqa: ARG002  # likewise
        param_name: str,
        param_distribution: BaseDistribution,  # noqa: ARG002  # likewise
    ) -> Any:
        """Return the given value of a parameter."""
        return self._params[param_name]


def _inner(sampler: Sampler, seed: int) -> BaseSampler:
    match sampler:
        case TpeSampler(startup_trials=startup):
            # Grouped, as some axes have an effect on some points only.
            return TPESampler(n_startup_trials=startup, seed=seed, multivariate=True, group=True, constant_liar=True)
        case GaSampler(kind="nsga2", population_size=size):
            return NSGAIISampler(population_size=size, seed=seed)
        case GaSampler(population_size=size):
            return NSGAIIISampler(population_size=size, seed=seed)
        case GpSampler(startup_trials=startup):
            return GPSampler(seed=seed, n_startup_trials=startup, deterministic_objective=False)
    return BruteForceSampler(seed=seed) if sampler.kind == "brute_force" else RandomSampler(seed=seed)


def suggest(trial: Trial, parameter: Parameter) -> Any:
    """Return the value that a sampler chooses for a parameter."""
    if parameter.size == 1:
        return parameter.listed()[0]
    match distribution(parameter):
        case IntDistribution(low=low, high=high, step=step, log=log):
            number = trial.suggest_int(parameter.axis, low, high, step=step, log=log)
            return parameter.values[number] if parameter.ordered else number
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(parameter.axis, low, high, step=step, log=log)
    names = [optuna_value(value) for value in parameter.values]
    return parameter.values[names.index(trial.suggest_categorical(parameter.axis, names))]


def as_params(space: SearchSpace, choices: dict[str, Any]) -> dict[str, Any]:
    """Return the choices that lead to a point, in Optuna's values."""
    by_axis = {parameter.axis: parameter for parameter in space.parameters}
    return {
        axis: by_axis[axis].values.index(value) if by_axis[axis].ordered else optuna_value(value)
        for axis, value in choices.items()
        if by_axis[axis].size != 1
    }


def optuna_value(value: Any) -> Any:
    """Return a value of an axis as Optuna keeps it: a pair of numbers as text, any other as it is."""
    return plain(value) if isinstance(value, tuple) else value


def distribution(parameter: Parameter) -> IntDistribution | FloatDistribution | CategoricalDistribution:
    """Return the Optuna distribution of a parameter; listed numbers are drawn by index, so that their order counts."""
    choices = parameter.range
    if choices is None:
        return (
            IntDistribution(0, len(parameter.values) - 1)
            if parameter.ordered
            else CategoricalDistribution([optuna_value(value) for value in parameter.values])
        )
    if isinstance(choices.low, int):
        return IntDistribution(choices.low, _last(parameter), choices.log, int(choices.step or 1))
    return FloatDistribution(choices.low, _last(parameter), choices.log, choices.step)


def _last(parameter: Parameter) -> Any:
    """Return the greatest value that whole steps from the lower bound reach."""
    choices = parameter.range
    assert choices is not None
    # Computed, as the list of values is long if steps are small.
    return choices.high if choices.step is None else parameter.stepped((parameter.size or 1) - 1)


class _Tidy(BaseSampler):
    """A wrapper that rounds the numbers that another sampler draws from ranges to a few significant digits."""

    def __init__(self, inner: BaseSampler, parameters: dict[str, Parameter]) -> None:
        self._inner = inner
        self._parameters = parameters

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        values = self._inner.sample_relative(study, trial, search_space)
        return {axis: self._tidied(axis, value) for axis, value in values.items()}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        value = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return self._tidied(param_name, value)

    def _tidied(self, axis: str, value: Any) -> Any:
        return self._parameters[axis].tidied(value) if isinstance(value, float) else value
