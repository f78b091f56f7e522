from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from privsearch.analysis.metrics import attack_auc, noise_floor
from privsearch.attacks import AttackView, Outputs, attack_scores
from privsearch.attacks.base import label_log_odds
from privsearch.attacks.kernel_ridge import Examples, regress
from privsearch.attacks.quantile_regression import quantile_regression_scores
from privsearch.errors import MetricError
from privsearch.spec import QuantileRegressionAttack, ThresholdAttack

NOISE = 0.5
QUANTILE_REGRESSION, LOSS = QuantileRegressionAttack(), ThresholdAttack(kind="loss")


def expected(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The confidence of a network that was not trained on an example, by its inputs and its label."""
    return np.asarray(2.0 * np.sin(inputs[:, 0]) + np.where(labels == 1, inputs[:, 1], -inputs[:, 1]))


def simulated(seed: int, gain: float, size: int = 400, population: int = 300) -> tuple[AttackView, np.ndarray]:
    """What is seen of a network of known means and a known spread, and the scores that know them."""
    rng = np.random.default_rng(seed)
    is_member = rng.permutation(size) < size // 2

    def outputs(count: int, more: np.ndarray) -> tuple[Outputs, np.ndarray]:
        inputs, labels = rng.normal(size=(count, 3)), rng.integers(2, size=count)
        exceeds = more + NOISE * rng.normal(size=count)
        odds = expected(inputs, labels) + exceeds
        # Two classes, the label's logit and a 0: the label's log-odds are its logit.
        logits = np.where(np.arange(2) == labels[:, None], odds[:, None], 0.0)[None]
        return Outputs(logits, np.empty((0, *logits.shape)), labels, inputs), exceeds

    queried, known = outputs(size, gain * is_member)
    view = AttackView(queried, np.empty((0, size), dtype=bool), (), outputs(population, np.zeros(population))[0])
    return view, np.stack([known, is_member])


def scores(view: AttackView, attack: QuantileRegressionAttack | ThresholdAttack = QUANTILE_REGRESSION) -> np.ndarray:
    return attack_scores(attack, view, np.random.default_rng(0))


def test_it_comes_near_to_who_knows_the_means_and_beats_the_loss() -> None:
    """Members gain one noise's spread: who knows each mean has an AUC of 0.76, and the loss is far behind."""
    aucs = []
    for seed in range(5):
        view, (known, is_member) = simulated(seed, gain=NOISE)
        members = is_member == 1
        aucs.append([attack_auc(found, members) for found in (known, scores(view), scores(view, LOSS))])
    best, found, loss = np.mean(aucs, axis=0)
    assert best == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.03)
    assert best - 0.03 < found < best + 0.01
    assert loss < found - 0.1


def test_without_a_leak_its_auc_is_one_half() -> None:
    """Whatever it learns of examples that no network was trained on says nothing of the others' membership."""
    aucs = []
    for seed in range(20):
        view, (_, is_member) = simulated(seed, gain=0.0)
        aucs.append(attack_auc(scores(view), is_member == 1))
    assert abs(np.mean(aucs) - 0.5) < 3 * np.std(aucs, ddof=1) / np.sqrt(20)
    assert np.std(aucs) < noise_floor(200, 200)


@pytest.mark.parametrize("population", [30, 300])
def test_its_false_positive_rate_is_what_it_says(population: int) -> None:
    """A score of 1 - alpha is reached by a share alpha of the non-members, though no member was ever seen."""
    said = np.array([0.05, 0.1, 0.25, 0.5])
    rates = []
    for seed in range(30):
        view, (_, is_member) = simulated(seed, gain=3.0, population=population)
        of_others = scores(view)[is_member == 0]
        rates.append([(of_others >= 1 - alpha).mean() for alpha in said])
    mean, error = np.mean(rates, axis=0), np.std(rates, axis=0, ddof=1) / np.sqrt(30)
    # With 30 examples a level goes in steps of 1/31.
    assert (np.abs(mean - said) < 3 * error + 1 / (population + 1)).all()


def test_scores_are_levels_ordered_within_a_step() -> None:
    """They are k / (m + 1), with k the left-out examples that are exceeded by less, and then by the excess."""
    view, _ = simulated(0, gain=1.0, size=100, population=40)
    assert view.queried.inputs is not None
    assert view.population.inputs is not None
    confidence, known = (label_log_odds(of)[0][0] for of in (view.queried, view.population))
    strangers, asked = (Examples(of.inputs, of.labels) for of in (view.population, view.queried))
    regression = regress(strangers, known, asked, np.random.default_rng(0))
    excess = confidence - regression.expected
    found = scores(view)
    counted = (excess[:, None] > regression.left_out).sum(axis=1)
    assert np.array_equal(np.floor(found * 41 + 1e-9), counted)
    assert (found * 41 - counted < 0.5 + 1e-9).all()
    assert np.array_equal(found.argsort(), np.lexsort([excess, counted]))


def test_views_are_averaged() -> None:
    """The confidence is the mean log-odds of an example's views; its inputs are the same."""
    view, _ = simulated(0, gain=1.0)

    def with_views(of: Outputs) -> Outputs:
        shifted = np.concatenate([of.target - 0.5 * (of.target != 0), of.target + 0.5 * (of.target != 0)])
        return replace(of, target=shifted, shadows=np.empty((0, *shifted.shape)))

    averaged = replace(view, queried=with_views(view.queried), population=with_views(view.population))
    np.testing.assert_allclose(scores(averaged), scores(view), atol=1e-6)


def test_what_teaches_nothing_leaves_the_order_of_the_loss() -> None:
    """Where the population is of one confidence, every example is expected to have that."""
    view, _ = simulated(0, gain=1.0)
    alike = replace(view.population, target=np.broadcast_to([1.0, 0.0], view.population.target.shape))
    alike = replace(alike, labels=np.zeros_like(alike.labels))
    assert np.array_equal(scores(replace(view, population=alike)).argsort(), scores(view, LOSS).argsort())


def test_what_it_needs_is_said() -> None:
    """The examples themselves, and some that no network was trained on."""
    view, _ = simulated(0, gain=1.0)
    with pytest.raises(MetricError, match="reads the examples themselves, but their inputs are not here"):
        scores(replace(view, queried=replace(view.queried, inputs=None)))
    with pytest.raises(MetricError, match=r"learns from 4 or more examples .* but has 3; keep more test examples"):
        scores(replace(view, population=view.population[np.arange(3)]))
    assert np.isfinite(scores(replace(view, population=view.population[np.arange(4)]))).all()


@pytest.mark.parametrize("rows", [1, 6])
def test_the_level_of_a_person_is_right_about_persons(rows: int) -> None:
    """Of persons that nobody was trained on, one in ten exceeds a level of 0.9, however alike their examples are.

    By examples, whose levels were averaged, it was next to none: a mean of several is seldom so high.
    """
    rng, found = np.random.default_rng(0), []
    for _ in range(20):
        outputs = []
        for persons in (40, 60):
            units = np.repeat(np.arange(persons), rows)
            inputs = rng.normal(size=(len(units), 3))
            own = 0.3 * rng.normal(size=persons)[units] + rng.normal(size=len(units))
            logits = np.stack([inputs[:, 0] + own, -inputs[:, 0] - own], axis=1)
            labels = np.zeros(len(units), dtype=np.int64)
            outputs.append(Outputs(logits[None], logits[None][:0, None], labels, inputs, units))
        queried, population = outputs
        view = AttackView(queried, np.zeros((0, len(queried.labels)), dtype=bool), (), population)
        scores = quantile_regression_scores(view, rng)
        assert all(len(set(scores[queried.units == person])) == 1 for person in range(40))
        found.append(np.mean(scores[::rows] >= 0.9))
    assert 0.05 < np.mean(found) < 0.17
