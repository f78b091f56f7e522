"""Quantile regression: how sure a network should be of an example that it was not trained on, told from the example."""

from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray as Array

from privsearch.attacks.base import AttackView, Outputs, label_log_odds, within_step
from privsearch.attacks.kernel_ridge import Examples, regress
from privsearch.errors import MetricError

FEWEST: Final = 4
"""The examples below which nothing is learnt from a population."""


def quantile_regression_scores(view: AttackView, rng: np.random.Generator) -> Float[Array, " n"]:
    """Compute the level at which the target's confidence lies among those to be expected of such an example.

    The confidence is the log-odds of the label, averaged over the views. What is to be expected of it depends on the
    example's inputs and label (`regress`), and is learnt from the population, which no network was trained on. By how
    much the confidence exceeds it is compared with the same of each example of the population, of which the others let
    expect something. The score is k / (m + 1) if k of these m are exceeded. Within a step examples are ordered by how
    much they exceed what is expected of them.

    So who calls an example a member if its score is 1 - alpha or more is wrong about a share alpha of the non-members,
    if these are like the population; no member has to be seen for that, and no shadow trained. Where persons are
    members as a whole, the excess is the mean of a person's examples, and m the number of persons in the population:
    every example has the level of its person, so that alpha is a share of persons.

    The authors fit quantiles by boosted trees or networks and their pinball loss, or a normal distribution's mean and
    spread. Here all quantiles are the mean plus a constant of their own. A spread of each example's own, boosted trees
    and linear quantile regression were tried, and found less (docs/audit.md has the numbers).

    Returns:
        `(n,)`, a fraction, plus less than half a step; higher means more likely a member.

    Raises:
        MetricError: the population has fewer than 4 examples, or the view has no inputs.

    Source: Bertran et al. 2023, section 3; the level by left-out examples, Barber et al. 2021 (the jackknife).
    """
    queried, population = view.queried, view.population
    if queried.inputs is None or population.inputs is None:
        raise MetricError("the quantile_regression attack reads the examples themselves, but their inputs are not here")
    if len(population.labels) < FEWEST:
        raise MetricError(
            f"the quantile_regression attack learns from {FEWEST} or more examples that no network was trained on, but "
            f"has {len(population.labels)}; keep more test examples"
        )
    expectation = regress(
        Examples(population.inputs, population.labels),
        _confidence(population),
        Examples(queried.inputs, queried.labels),
        rng,
    )
    excess = _confidence(queried) - expectation.expected
    left_out = expectation.left_out
    person_of = None
    if queried.units is not None and population.units is not None:
        excess, person_of = _of_persons(excess, queried.units)
        left_out, _ = _of_persons(left_out, population.units)
        if len(left_out) < FEWEST:
            raise MetricError(
                f"the quantile_regression attack learns from {FEWEST} or more persons that no network was trained on, "
                f"but has {len(left_out)}; keep more test examples"
            )
    exceeded = np.searchsorted(np.sort(left_out), excess)
    scores: Array = (exceeded + within_step(excess)) / (len(left_out) + 1)
    return scores if person_of is None else scores[person_of]


def _of_persons(
    values: Float[Array, " n"], units: Int[Array, " n"]
) -> tuple[Float[Array, " persons"], Int[Array, " n"]]:
    """Return the mean of each person's values, and the index of each example's person."""
    person_of = np.unique(units, return_inverse=True)[1]
    means: Array = np.bincount(person_of, values) / np.bincount(person_of)
    return means, person_of


def _confidence(outputs: Outputs) -> Float[Array, " n"]:
    """Compute the log-odds of each example's label, given by the target, as a mean over the views."""
    target, _ = label_log_odds(replace(outputs, shadows=outputs.shadows[:0]))
    mean: Array = target.mean(axis=0)
    return mean
