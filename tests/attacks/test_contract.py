"""What is true of every attack, whatever it computes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import get_args

import numpy as np
import pytest
from attack_views import Cohort, make_cohort
from scipy.stats import norm

from privsearch.analysis.metrics import attack_auc, noise_floor
from privsearch.attacks import AttackView, Fold, Outputs, attack_scores
from privsearch.attacks.base import label_log_odds
from privsearch.errors import MetricError
from privsearch.spec import (
    Attack,
    LabelOnlyAttack,
    LiraAttack,
    QuantileRegressionAttack,
    RmiaAttack,
    SvmAttack,
    ThresholdAttack,
)
from privsearch.spec.attacks import Means, Mode, Variance, needs_inputs

# What reads the target alone needs no shadow, and nothing that could be missing in the shadows can be refused.
TARGET_ALONE: Sequence[Attack] = (
    ThresholdAttack(kind="loss"),
    ThresholdAttack(kind="confidence"),
    ThresholdAttack(kind="entropy"),
    ThresholdAttack(kind="modified_entropy"),
    LabelOnlyAttack(),
)
WITH_SHADOWS: Sequence[Attack] = (
    SvmAttack(),
    SvmAttack(per_class=True),
    SvmAttack(undersample=False),
    LiraAttack(),
    LiraAttack(mode="offline"),
    *(
        LiraAttack(mode=mode, variance=variance, means=means)
        for mode, variance, means in product(get_args(Mode), get_args(Variance), get_args(Means))
        if (variance, means) != ("shrunken", "shrunken")
    ),
    *(LiraAttack(signals="mem_trajectory", means=means, variance="shrunken") for means in get_args(Means)),
    LiraAttack(signals="mem_trajectory", variance="pooled"),
    RmiaAttack(),
    RmiaAttack(mode="offline"),
)
WITH_POPULATION: Sequence[Attack] = (QuantileRegressionAttack(),)
ALL = [*TARGET_ALONE, *WITH_SHADOWS, *WITH_POPULATION]

every_attack_on_one_and_more_views = pytest.mark.parametrize(
    ("attack", "views"),
    # What asks about no views reads the first alone.
    [(attack, views) for attack in ALL for views in (1, 3) if views == 1 or "queries" in type(attack).model_fields],
    ids=lambda value: getattr(value, "name", value),
)

Scorer = Callable[[AttackView, np.random.Generator], np.ndarray]


@cache
def cohorts(views: int) -> tuple[Cohort, ...]:
    return tuple(make_cohort(seed, views=views) for seed in range(8))


def mean_auc(scorer: Scorer, cohort: Cohort) -> float:
    """Over the networks of a cohort, each of which is the target in turn."""
    aucs = [
        attack_auc(scorer(cohort.view(target), np.random.default_rng(target)), is_member)
        for target, is_member in enumerate(cohort.is_member)
    ]
    return float(np.mean(aucs))


def excess(scorer: Scorer, views: int = 1) -> float:
    """How many standard errors over cohorts without a trace of membership the mean AUC lies above 0.5."""
    means = [mean_auc(scorer, cohort) for cohort in cohorts(views)]
    return float((np.mean(means) - 0.5) / (np.std(means, ddof=1) / np.sqrt(len(means))))


def scores(attack: Attack, view: AttackView) -> np.ndarray:
    return attack_scores(attack, view, np.random.default_rng(0))


@every_attack_on_one_and_more_views
def test_where_membership_leaves_no_trace_the_mean_auc_is_one_half(attack: Attack, views: int) -> None:
    """Neither the number of an example's shadows in a state nor what an example looks like gives anything away."""
    assert abs(excess(partial(attack_scores, attack), views)) < 3


def test_taking_all_shadows_would_give_members_away() -> None:
    """A member has fewer shadows that were trained on it than a non-member: LiRA with all of them is biased."""

    def lira_with_all_shadows(view: AttackView, rng: np.random.Generator) -> np.ndarray:
        phi, shadows = label_log_odds(view.queried)
        log_in, log_out = (
            norm.logpdf(phi[0], np.nanmean(of_state, axis=0), np.nanstd(of_state, axis=0, ddof=1))
            for of_state in (
                np.where(state, shadows[:, 0], np.nan) for state in (view.shadow_is_member, ~view.shadow_is_member)
            )
        )
        return log_in - log_out

    assert abs(excess(lira_with_all_shadows)) > 5


def test_judging_what_was_learnt_from_would_recognise_examples() -> None:
    """What a shadow was trained on the target more likely was not: an SVM that knows the example is biased."""

    def svm_in_one_round(view: AttackView, rng: np.random.Generator) -> np.ndarray:
        everyone = np.ones(len(view.queried.labels), dtype=bool)
        return attack_scores(SvmAttack(), replace(view, folds=(Fold(everyone, everyone),)), rng)

    assert abs(excess(svm_in_one_round)) > 5


@every_attack_on_one_and_more_views
def test_real_members_score_higher(attack: Attack, views: int) -> None:
    """Networks that are surer of what they were trained on are found out by every attack."""
    leaky = make_cohort(0, effect=4.0, views=views)
    assert mean_auc(partial(attack_scores, attack), leaky) > 0.5 + noise_floor(60, 60)


@every_attack_on_one_and_more_views
def test_a_perfect_signal_gives_one(attack: Attack, views: int) -> None:
    """Sure of every member and sure of no non-member: no mistake is left to make."""
    sure = make_cohort(0, effect=100.0, views=views)
    perfect = replace(sure, logits=less_sure(sure.logits, sure.labels, by=50.0))
    assert attack_auc(scores(attack, perfect.view()), perfect.is_member[0]) == 1.0


def less_sure(logits: np.ndarray, labels: np.ndarray, by: float) -> np.ndarray:
    return logits - by * (np.arange(logits.shape[-1]) == labels[:, None])


@every_attack_on_one_and_more_views
def test_permuting_the_examples_permutes_the_scores(attack: Attack, views: int) -> None:
    """A score belongs to its example, not to its place, where no draw is left to chance.

    So each example is in half of the shadows, and the SVM learns from all. What is drawn depends on the order.
    """
    view = balanced_view(views)
    if isinstance(attack, SvmAttack):
        attack = attack.model_copy(update={"undersample": False})
    order = np.random.default_rng(1).permutation(len(view.queried.labels))
    permuted = AttackView(
        view.queried[order],
        view.shadow_is_member[:, order],
        tuple(Fold(fold.fit[order], fold.score[order]) for fold in view.folds),
        view.population,
    )
    np.testing.assert_allclose(scores(attack, permuted), scores(attack, view)[order], rtol=1e-6, atol=1e-3)


def balanced_view(views: int) -> AttackView:
    """A target beside a whole cohort of shadows, each example in exactly half of them."""
    shadows, target = make_cohort(0, effect=1.0, networks=6, views=views), make_cohort(1, effect=1.0, views=views)
    return AttackView(
        Outputs(target.logits[0], shadows.logits, shadows.labels, shadows.inputs),
        shadows.is_member,
        shadows.view().folds,
        Outputs(
            target.population_logits[0],
            shadows.population_logits,
            shadows.population_labels,
            shadows.population_inputs,
        ),
    )


@every_attack_on_one_and_more_views
def test_a_constant_signal_gives_one_half(attack: Attack, views: int) -> None:
    """Equal answers about examples of one class get equal scores."""
    blank = make_cohort(0, views=views)
    blank = replace(
        blank,
        logits=np.broadcast_to([1.0, 2.0, 4.0], blank.logits.shape),
        population_logits=np.broadcast_to([1.0, 2.0, 4.0], blank.population_logits.shape),
        labels=np.zeros_like(blank.labels),
        population_labels=np.zeros_like(blank.population_labels),
    )
    # In one round, since an SVM may give equal answers another score than the next one does.
    everyone = np.ones(len(blank.labels), dtype=bool)
    view = replace(blank.view(), folds=(Fold(everyone, everyone),))
    assert attack_auc(scores(attack, view), blank.is_member[0]) == 0.5


@every_attack_on_one_and_more_views
@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_scores_are_finite_numbers_in_double_precision(attack: Attack, views: int, scale: float) -> None:
    """No network is so sure, or so unsure, that an attack breaks on its single-precision answers."""
    loud = make_cohort(0, views=views)
    loud = replace(
        loud,
        logits=(scale * loud.logits).astype(np.float32),
        population_logits=(scale * loud.population_logits).astype(np.float32),
    )
    found = scores(attack, loud.view())
    assert found.dtype == np.float64
    assert np.isfinite(found).all()


@pytest.mark.parametrize("attack", WITH_SHADOWS, ids=lambda attack: attack.name)
@pytest.mark.parametrize("member", [True, False])
def test_shadows_in_one_state_alone_are_refused_with_the_reason(attack: Attack, member: bool) -> None:
    """There is nothing to learn from one kind alone; offline, shadows that were not trained on an example do."""
    view = make_cohort(0).view()
    one_state = replace(view, shadow_is_member=np.full_like(view.shadow_is_member, member))
    if getattr(attack, "mode", None) == "offline" and not member:
        assert np.isfinite(scores(attack, one_state)).all()
        return
    with pytest.raises(MetricError, match=r"needs members and non-members to learn from|some example lacks one kind"):
        scores(attack, one_state)


@pytest.mark.parametrize("attack", TARGET_ALONE, ids=lambda attack: attack.name)
def test_an_attack_on_the_target_alone_asks_for_nothing_else(attack: Attack) -> None:
    """Without shadows, rounds or a population the scores are the same."""
    view, none = make_cohort(0).view(), np.array([], dtype=int)
    alone = AttackView(
        replace(view.queried, shadows=view.queried.shadows[:0]), view.shadow_is_member[:0], (), view.population[none]
    )
    assert np.array_equal(scores(attack, alone), scores(attack, view))


@pytest.mark.parametrize("attack", [*TARGET_ALONE, *WITH_POPULATION], ids=lambda attack: attack.name)
def test_an_attack_without_shadows_needs_none(attack: Attack) -> None:
    """It has the same scores where there are no shadows and no folds, as under `one_run`."""
    view = make_cohort(0).view()
    queried, population = (replace(of, shadows=of.shadows[:0]) for of in (view.queried, view.population))
    alone = AttackView(queried, view.shadow_is_member[:0], (), population)
    assert np.array_equal(scores(attack, alone), scores(attack, view))


@pytest.mark.parametrize("attack", [*TARGET_ALONE, *WITH_SHADOWS], ids=lambda attack: attack.name)
def test_what_asks_for_no_inputs_reads_none(attack: Attack) -> None:
    """They are loaded for the attacks that ask alone."""
    view = make_cohort(0).view()
    blind = replace(view, queried=replace(view.queried, inputs=None), population=replace(view.population, inputs=None))
    assert not needs_inputs(attack)
    assert np.array_equal(scores(attack, blind), scores(attack, view))
