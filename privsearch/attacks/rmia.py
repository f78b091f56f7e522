"""The robust membership inference attack: an example against a population that no network was trained on."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.special import log_expit, logsumexp

from privsearch.attacks.base import AttackView, Outputs, in_and_out, label_log_odds, within_step
from privsearch.errors import MetricError
from privsearch.spec.attacks import Mode


def rmia_scores(
    view: AttackView, rng: np.random.Generator, *, mode: Mode, a: float, gamma: float
) -> Float[Array, " n"]:
    """Compute the share of the population that the example's likelihood ratio exceeds by the factor `gamma`.

    With Pr(.|network) the softmax probability of the label, the ratio of x is Pr(x|target) / Pr(x). Pr(x) is that of a
    network drawn at random. It is estimated, by mode, from the shadows trained on x (in) and those not (out):

    - `online`: Pr(x) = (mean_in + mean_out) / 2.
    - `offline`: Pr(x) = ((1 + a) mean_out + (1 - a)) / 2, which takes mean_in for a mean_out + (1 - a).

    No network was trained on the population, so its Pr(z) is the offline one in either mode.

    The share is a step function of the ratio, and at its top many examples share one step, members and non-members
    alike, so that no threshold would accuse few of them. Within a step, examples are therefore ordered by the logarithm
    of their ratio, averaged over the views: the lowest score of a step is the share itself, and every other exceeds it
    by less than half a step. Only examples with one share and one ratio are tied.

    The authors' code (ml_privacy_meter) has steps that are not part of the method and are left out here. `a` is given
    and not tuned on a paired network. Pr(z) is the mean over all shadows; the code keeps the larger half of the values.
    Means are not trimmed, and the softmax has no temperature, margin or Taylor expansion, as in its experiments. Over
    views scores are averaged; the experiments take a majority vote for each z.

    Returns:
        `(n,)`, a fraction, the mean over the views, plus less than half a step; higher means more likely a member.

    Raises:
        MetricError: the population is empty, or an example has no shadow in one of the states.

    Source: Zarifzadeh et al. 2024; the linear form of Pr(x) as in the code of its experiments.
    """
    if not len(view.population.labels):
        raise MetricError(
            "the rmia attack compares with a population of examples that no network was trained on, but it is empty; "
            "use a dataset with a test split"
        )
    inside, outside = in_and_out(view.shadow_is_member, rng, mode=mode)
    target, shadows = _log_confidences(view.queried)
    mean_out = _log_mean(np.take_along_axis(shadows, outside[:, None], axis=0))
    if mode == "online":
        mean_in = _log_mean(np.take_along_axis(shadows, inside[:, None], axis=0))
        ratio = target - _log_mean(np.stack([mean_in, mean_out]))
    else:
        ratio = target - _log_offline(mean_out, a)
    population, population_shadows = _log_confidences(view.population)
    to_exceed = np.sort(population - _log_offline(_log_mean(population_shadows), a) + math.log(gamma), axis=-1)
    # Counted in integers over all views, so that equal shares are equal to the last digit.
    exceeded = sum(np.searchsorted(*of_view) for of_view in zip(to_exceed, ratio, strict=True))
    scores: Array = (exceeded + within_step(ratio.mean(axis=0))) / to_exceed.size
    return scores


def _log_confidences(outputs: Outputs) -> tuple[Float[Array, "views n"], Float[Array, "shadows views n"]]:
    """Compute the logarithm of the label's softmax probability, given by the target and by the shadows."""
    target, shadows = label_log_odds(outputs)
    return log_expit(target), log_expit(shadows)


def _log_mean(log_values: Float[Array, "each views n"]) -> Float[Array, "views n"]:
    mean: Array = logsumexp(log_values, axis=0) - math.log(len(log_values))
    return mean


def _log_offline(log_mean_out: Float[Array, "views n"], a: float) -> Float[Array, "views n"]:
    """Compute the logarithm of ((1 + a) mean_out + (1 - a)) / 2."""
    terms = np.stack([log_mean_out, np.zeros_like(log_mean_out)])
    log_sum: Array = logsumexp(terms, axis=0, b=np.array([(1 + a) / 2, (1 - a) / 2])[:, None, None])
    return log_sum
