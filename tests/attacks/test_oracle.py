"""The attacks beside slow versions of them, straight from the formulas. Only the choice of shadows is shared."""

import math
from typing import Literal, get_args

import numpy as np
import pytest
from attack_views import make_cohort
from scipy.stats import norm

from privsearch.attacks import AttackView, attack_scores
from privsearch.attacks.base import in_and_out
from privsearch.spec import Attack, LiraAttack, RmiaAttack, ThresholdAttack
from privsearch.spec.attacks import ThresholdKind

modes = pytest.mark.parametrize("mode", ["online", "offline"])
numbers_of_views = pytest.mark.parametrize("views", [1, 3])

Mode = Literal["online", "offline"]


def small_view(views: int) -> AttackView:
    return make_cohort(0, effect=1.0, size=25, views=views).view()


def scores(attack: Attack, view: AttackView) -> np.ndarray:
    return attack_scores(attack, view, np.random.default_rng(0))


def chosen(view: AttackView) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each example, the shadows in and the shadows out."""
    inside, outside = in_and_out(view.shadow_is_member, np.random.default_rng(0))
    return list(zip(inside.T, outside.T, strict=True))


def softmax(logits: np.ndarray) -> list[float]:
    exps = [math.exp(z) for z in logits]
    return [e / math.fsum(exps) for e in exps]


def p_label(network: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(V, n)`."""
    return np.array([[softmax(z)[y] for z, y in zip(view, labels, strict=True)] for view in network])


@pytest.mark.parametrize("kind", get_args(ThresholdKind))
@numbers_of_views
def test_thresholds_are_their_formulas(kind: ThresholdKind, views: int) -> None:
    """Softmax first, then a sum over the classes."""
    view = small_view(views)

    def score(p: list[float], label: int) -> float:
        others = [q for i, q in enumerate(p) if i != label]
        return {
            "loss": math.log(p[label]),
            "confidence": math.log(max(p)),
            "entropy": math.fsum(q * math.log(q) for q in p),
            "modified_entropy": (1 - p[label]) * math.log(p[label]) + math.fsum(q * math.log(1 - q) for q in others),
        }[kind]

    expected = [
        np.mean([score(softmax(view.queried.target[v, i]), label) for v in range(views)])
        for i, label in enumerate(view.queried.labels)
    ]
    np.testing.assert_allclose(scores(ThresholdAttack(kind=kind), view), expected, rtol=1e-9)


@modes
@pytest.mark.parametrize("variance", ["pooled", "per_example"])
@numbers_of_views
def test_lira_is_the_papers_formula(mode: Mode, variance: Literal["pooled", "per_example"], views: int) -> None:
    """Normal densities, or the tail of one, example by example and view by view."""
    view = small_view(views)
    size = len(view.queried.labels)
    p, *shadows = (p_label(network, view.queried.labels) for network in (view.queried.target, *view.queried.shadows))
    phi, *phis = (np.log(q / (1 - q)) for q in (p, *shadows))

    def pooled_variance(v: int, state: bool) -> float:
        """Squared distances from an example's mean, over all examples, by the degrees of freedom."""
        squares, degrees = 0.0, 0
        for i in range(size):
            of_state = [x[v, i] for x, m in zip(phis, view.shadow_is_member[:, i], strict=True) if m == state]
            squares += math.fsum((x - np.mean(of_state)) ** 2 for x in of_state)
            degrees += len(of_state) - 1
        return squares / degrees

    def score(v: int, i: int, pooled: tuple[float, float]) -> float:
        normals = []
        for of_state, spread in zip(chosen_shadows[i], pooled, strict=True):
            values = [phis[s][v, i] for s in of_state]
            own = np.var(values, ddof=1)
            normals.append(norm(np.mean(values), math.sqrt(spread if variance == "pooled" else own)))
        inside, outside = normals
        x = phi[v, i]
        return float(inside.logpdf(x) - outside.logpdf(x) if mode == "online" else outside.logcdf(x) - outside.logsf(x))

    chosen_shadows = chosen(view)
    both = [(pooled_variance(v, True), pooled_variance(v, False)) for v in range(views)]
    expected = [np.mean([score(v, i, both[v]) for v in range(views)]) for i in range(size)]
    np.testing.assert_allclose(scores(LiraAttack(mode=mode, variance=variance), view), expected, rtol=1e-6)


@modes
@pytest.mark.parametrize(("a", "gamma"), [(0.3, 1.0), (0.0, 1.0), (1.0, 1.3)])
@numbers_of_views
def test_rmia_is_its_formula(mode: Mode, a: float, gamma: float, views: int) -> None:
    """Every example is compared with every stranger, and those that exceed as many by their mean log-ratio."""
    view = small_view(views)
    p, *shadows = (p_label(network, view.queried.labels) for network in (view.queried.target, *view.queried.shadows))

    def offline(mean_out: float | np.ndarray) -> float | np.ndarray:
        return ((1 + a) * mean_out + (1 - a)) / 2

    def ratio(v: int, inside: np.ndarray, outside: np.ndarray, i: int) -> float:
        mean_in, mean_out = (np.mean([shadows[s][v, i] for s in of_state]) for of_state in (inside, outside))
        return float(p[v, i] / (offline(mean_out) if mode == "offline" else (mean_in + mean_out) / 2))

    strangers = view.population
    p_out = np.mean([p_label(shadow, strangers.labels) for shadow in strangers.shadows], axis=0)
    stranger_ratios = p_label(strangers.target, strangers.labels) / offline(p_out)
    exceeded, log_ratios = [], []
    for i, of_states in enumerate(chosen(view)):
        ratios = [ratio(v, *of_states, i) for v in range(views)]
        log_ratios.append(np.mean(np.log(ratios)))
        exceeded.append(sum(x / z > gamma for x, of_view in zip(ratios, stranger_ratios, strict=True) for z in of_view))
    found = scores(RmiaAttack(mode=mode, a=a, gamma=gamma), view)
    steps = found * stranger_ratios.size
    assert (np.array(exceeded) - 1e-9 <= steps).all()
    assert (steps < np.array(exceeded) + 0.5).all()
    assert np.array_equal(found.argsort(), np.lexsort([log_ratios, exceeded]))
