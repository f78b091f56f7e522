"""Optuna's samplers for the points of a space, each made afresh for one proposal, so that none has a state to keep."""

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

from privsearch.spec import Direction
from privsearch.spec.samplers import GaSampler, GpSampler, Sampler, TpeSampler
from privsearch.sweep.search.space import Parameter, SearchSpace


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna from telling of every study that it creates, and of what in it is experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def new_study(directions: Sequence[Direction]) -> optuna.Study:
    """A study of Optuna's, in this process's memory alone, so that nothing in it ever stands as running on a disk."""
    with quiet_optuna():
        return optuna.create_study(directions=list(directions))


def new_sampler(sampler: Sampler, space: SearchSpace, seed: int) -> BaseSampler:
    """A sampler that proposes points of a space.

    Args:
        sampler: which.
        space: the points.
        seed: below 2**32, of all that it draws.
    """
    return _Tidy(_inner(sampler, seed), {parameter.axis: parameter for parameter in space.parameters})


class Decided(BaseSampler):
    """Proposes what was decided on; another sampler notes in the trial what it would have noted, had it done so."""

    def __init__(self, params: dict[str, Any], other: BaseSampler | None) -> None:
        """Propose `params`, by Optuna's names and values."""
        self._params = params
        self._other = other

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the other one would draw together."""
        return self._other.infer_relative_search_space(study, trial) if self._other else {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing: all is decided; but the other one takes its notes, such as the generation of a genetic one."""
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
        """What was decided."""
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
    """The value that a sampler chooses for a parameter."""
    if parameter.size == 1:
        return parameter.listed()[0]
    match distribution(parameter):
        case IntDistribution(low=low, high=high, step=step, log=log):
            number = trial.suggest_int(parameter.axis, low, high, step=step, log=log)
            return parameter.values[number] if parameter.ordered else number
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(parameter.axis, low, high, step=step, log=log)
    return trial.suggest_categorical(parameter.axis, parameter.values)


def as_params(space: SearchSpace, choices: dict[str, Any]) -> dict[str, Any]:
    """What Optuna has for the choices that lead to a point."""
    by_axis = {parameter.axis: parameter for parameter in space.parameters}
    return {
        axis: by_axis[axis].values.index(value) if by_axis[axis].ordered else value
        for axis, value in choices.items()
        if by_axis[axis].size != 1
    }


def distribution(parameter: Parameter) -> IntDistribution | FloatDistribution | CategoricalDistribution:
    """What Optuna draws a parameter from: numbers in a list by their place in it, so that it sees their order."""
    asked = parameter.range
    if asked is None:
        return (
            IntDistribution(0, len(parameter.values) - 1)
            if parameter.ordered
            else CategoricalDistribution(parameter.values)
        )
    if isinstance(asked.low, int):
        return IntDistribution(asked.low, _last(parameter), asked.log, int(asked.step or 1))
    return FloatDistribution(asked.low, _last(parameter), asked.log, asked.step)


def _last(parameter: Parameter) -> Any:
    """The greatest value that steps from the least one lead to."""
    asked = parameter.range
    assert asked is not None
    # Not from a list: small steps make a long one.
    return asked.high if asked.step is None else parameter.stepped((parameter.size or 1) - 1)


class _Tidy(BaseSampler):
    """Has the numbers that another sampler draws from ranges as a person would have written them."""

    def __init__(self, inner: BaseSampler, parameters: dict[str, Parameter]) -> None:
        self._inner = inner
        self._parameters = parameters

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        found = self._inner.sample_relative(study, trial, search_space)
        return {axis: self._tidied(axis, value) for axis, value in found.items()}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        found = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return self._tidied(param_name, found)

    def _tidied(self, axis: str, value: Any) -> Any:
        return self._parameters[axis].tidied(value) if isinstance(value, float) else value
