"""Outputs become a trial: the protocol follows from the members, and the numbers are those of published formulas."""

from statistics import fmean
from typing import Any

import numpy as np
import pytest
from foreign_outputs import Foreign, pairs, simulate
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from privsearch.errors import DataError, SpecError
from privsearch.spec import GivenProtocol, HalvesProtocol, OneRunProtocol
from privsearch.study.result import Completed

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def foreign() -> Foreign:
    """Eight networks in pairs on 300 examples, and 200 strangers."""
    return simulate(pairs(8, 300, np.random.default_rng(1), 200), 1, effect=1.0)


def label_probabilities(foreign: Foreign) -> np.ndarray:
    """`(K, N)`."""
    return foreign.probabilities[:, np.arange(len(foreign.labels)), foreign.labels]


def mean_auc(foreign: Foreign, scores: Any) -> float:
    """The mean over the targets of scikit-learn's AUC; `scores` is called with a target and its shadows.

    The judged examples are the first ones.
    """
    judged = foreign.is_member.any(0)
    aucs = []
    for target in range(len(foreign.is_member)):
        shadows = [k for k in range(len(foreign.is_member)) if k // 2 != target // 2]
        aucs.append(roc_auc_score(foreign.is_member[target, judged], scores(target, shadows)[: judged.sum()]))
    return fmean(aucs)


def test_pairs_of_halves_are_judged_under_halves(foreign: Foreign) -> None:
    """What no network was trained on is the population, and epsilon is bounded as for our own trials."""
    trial = foreign.trial()
    assert trial.spec.protocol == HalvesProtocol(networks=8)
    assert trial.cohort.signals.num_train == 300
    assert any("200 examples, which no network was trained on, are the population" in line for line in trial.told)
    results = foreign.audit(["loss"]).replicates
    assert all(replicate.attacks["loss"].epsilon_low is not None for replicate in results)


def test_a_single_network_is_given() -> None:
    """So are members that are no halves, and networks beside references."""
    assert simulate(RNG.random((1, 50)) < 0.5).trial().spec.protocol == GivenProtocol(same_members=True)
    assert simulate(RNG.random((4, 50)) < 0.5).trial().spec.protocol == GivenProtocol(audited=4)
    most = np.repeat(pairs(2, 50, RNG), 2, axis=0)
    most[::2, :] = np.arange(50) < 45
    most[1::2, :] = np.arange(50) >= 45
    assert isinstance(simulate(most).trial().spec.protocol, GivenProtocol)


def test_coins_bound_epsilon() -> None:
    """A leak of 3 in the logit of half of the examples is a lower bound above 0 from one network."""
    foreign = simulate(RNG.random((1, 400)) < 0.5, effect=4.0)
    trial = foreign.trial(["loss"], coins=True)
    assert trial.spec.protocol == OneRunProtocol()
    (replicate,) = foreign.audit(["loss"], coins=True).replicates
    assert replicate.attacks["loss"].epsilon_low is not None
    assert replicate.attacks["loss"].epsilon_low > 0.3


def test_coins_must_have_been_fair() -> None:
    """Nine members in ten are no fair coins, and a few examples are too few for a bound."""
    foreign = simulate(np.arange(400)[None] < 360)
    with pytest.raises(DataError, match=r"makes about half of them members, but network 0 .* has 360 of 400"):
        foreign.trial(coins=True)
    with pytest.raises(DataError, match="at least 12 audited examples"):
        simulate(np.arange(8)[None] < 4).trial(coins=True)


def test_attacks_that_learn_from_a_shadow_are_left_out_under_coins() -> None:
    """With the reason; where none is left, that is an error."""
    foreign = simulate(RNG.random((1, 40)) < 0.5)
    trial = foreign.trial(["loss", "svm"], coins=True)
    assert [attack.name for attack in trial.spec.attacks] == ["loss"]
    assert any(line.startswith("Left out is svm: svm learns from a shadow") for line in trial.told)
    with pytest.raises(SpecError, match="Left out is svm"):
        foreign.trial(["svm"], coins=True)


def test_the_loss_is_that_of_scikit_learn(foreign: Foreign) -> None:
    """The mean over the targets of roc_auc_score, to the last digits."""
    p = label_probabilities(foreign)
    expected = mean_auc(foreign, lambda target, _: np.log(p[target]))
    assert foreign.audit(["loss"]).across["loss"].auc.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_lira_is_that_of_carlini_and_of_sacro_ml(foreign: Foreign, mode: str) -> None:
    """A normal distribution per example of the shadows in and out; SACRO-ML's deviation, by n, orders alike."""
    p = label_probabilities(foreign)
    phi = np.log(p / (1 - p))

    def scores(target: int, shadows: list[int]) -> np.ndarray:
        # Each example is in the halves of half of the shadows.
        inn, out = (
            np.sort(np.where(foreign.is_member[shadows] == state, phi[shadows], np.inf), axis=0) for state in (1, 0)
        )
        fitted = [norm(of[:3].mean(0), of[:3].std(0, ddof=1)) for of in (inn[:, :300], out[:, :300])]
        x = phi[target, :300]
        return fitted[1].cdf(x) if mode == "offline" else fitted[0].logpdf(x) - fitted[1].logpdf(x)  # type: ignore[no-any-return]

    attack = {"kind": "lira", "mode": mode, "variance": "per_example"}
    (across,) = foreign.audit([attack]).across.values()
    assert across.auc.value == pytest.approx(mean_auc(foreign, scores), abs=1e-4)


def test_rmia_is_that_of_privacy_meter(foreign: Foreign) -> None:
    """The share of strangers whose ratio an example's exceeds; steps are ordered further, which moves ties alone."""
    p, a = label_probabilities(foreign), 0.3
    strangers = ~foreign.is_member.any(0)

    def scores(target: int, shadows: list[int]) -> np.ndarray:
        outside = ~foreign.is_member[shadows]
        mean_out = (p[shadows] * outside).sum(0) / outside.sum(0)
        ratio = p[target] / ((1 + a) / 2 * mean_out + (1 - a) / 2)
        shares: np.ndarray = (ratio[:, None] > ratio[strangers]).mean(1)
        return shares

    (across,) = foreign.audit([{"kind": "rmia", "mode": "offline", "a": a}]).across.values()
    assert across.auc.value == pytest.approx(mean_auc(foreign, scores), abs=2e-3)


def test_references_give_what_the_same_networks_give_as_targets() -> None:
    """A trial with one target of eight and seven references finds what that target gets among eight targets."""
    is_member = np.random.default_rng(5).random((7, 150)) < 0.5
    foreign = simulate(is_member, effect=1.0)
    whole = foreign.audit(["loss"])
    alone = Foreign(foreign.logits[:1], is_member[:1], foreign.labels).audit(
        ["loss"], references=foreign.logits[1:], reference_is_member=is_member[1:]
    )
    assert alone.replicates[0].attacks["loss"].auc.value == pytest.approx(
        whole.replicates[0].attacks["loss"].auc.value, abs=0.03
    )
    assert len(alone.replicates) == 1


def test_a_class_that_tells_members_is_warned_of() -> None:
    """An attack on it finds members, though no network learnt any."""
    foreign = simulate(np.arange(200)[None] < 100)
    foreign.labels[:60] = 0
    assert any("WARNING: the classes of members and non-members differ" in line for line in foreign.trial().told)


def test_other_outputs_are_another_trial_of_the_same_examples(foreign: Foreign) -> None:
    """The trial's key covers the outputs; the dataset is that of the labels and members."""
    other = Foreign(foreign.logits + 1e-3 * foreign.logits**2, foreign.is_member, foreign.labels)
    assert foreign.trial().trial_id == foreign.trial().trial_id != other.trial().trial_id
    assert foreign.trial().spec.dataset == other.trial().spec.dataset
    fewer = Foreign(foreign.logits[:6], foreign.is_member[:6], foreign.labels)
    assert foreign.trial().spec.dataset != fewer.trial().spec.dataset


def test_accuracies_are_those_of_members_and_of_others(foreign: Foreign) -> None:
    """The population is among the others."""
    (network, *_) = foreign.trial().cohort.networks
    right = foreign.logits[0].argmax(1) == foreign.labels
    assert network.train_accuracy == pytest.approx(right[foreign.is_member[0]].mean())
    assert network.test_accuracy == pytest.approx(right[~foreign.is_member[0]].mean())


def test_a_trial_is_recorded_and_read_back(foreign: Foreign) -> None:
    """The line of the record holds protocols and datasets that only an audit of outputs makes."""
    from privsearch.study.result import parse_result

    trial = simulate(RNG.random((1, 60)) < 0.5).trial(["loss"])
    from privsearch.attacks.protocols.audit import audit

    found = audit(trial.cohort, trial.spec)
    result = Completed(
        trial_id=trial.trial_id,
        spec=trial.spec,
        replicates=found.replicates,
        across=found.across,
        seconds=0.0,
    )
    assert parse_result(result.model_dump_json()) == result
