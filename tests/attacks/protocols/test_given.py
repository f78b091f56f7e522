"""What is asked of networks that were trained elsewhere, and what is refused."""

from statistics import fmean

import numpy as np
import pytest
from foreign_outputs import Foreign, pairs, simulate
from sklearn.metrics import roc_auc_score

from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.audit import audit
from privsearch.errors import DataError
from privsearch.spec import GivenProtocol

RNG = np.random.default_rng(0)
SHADOWLESS = {"loss", "confidence", "entropy", "modified_entropy", "label_only"}


def one_network(effect: float = 0.0, seed: int = 0, examples: int = 200) -> Foreign:
    return simulate(np.random.default_rng(seed).random((1, examples)) < 0.5, seed, effect=effect)


def test_one_network_gets_the_attacks_that_need_no_shadow() -> None:
    """All others are refused, each with the reason, and no bound on epsilon is given, as no coin was tossed."""
    found = one_network(1.0).audit([*SHADOWLESS, "lira", "rmia", "svm", {"kind": "lira", "mode": "offline"}])
    assert found.across.keys() == SHADOWLESS
    assert found.refused.keys() == {"lira_shrunken", "rmia", "svm", "lira_offline_shrunken"}
    assert all("there is one network alone" in reason for reason in found.refused.values())
    results = found.replicates[0].attacks.values()
    assert [result.epsilon_low for result in results] == [None] * len(results)
    assert found.across["loss"].auc.low > 0.5


def test_references_make_shadows_of_one_network() -> None:
    """With references trained on halves, the one target is attacked by all attacks, and stronger than without."""
    is_member = np.concatenate([RNG.random((1, 260)) < 0.5, pairs(8, 260, RNG)])
    is_member[:, 200:] = False
    foreign = simulate(is_member, effect=1.5)
    alone = Foreign(foreign.logits[:1], is_member[:1], foreign.labels).audit()
    found = Foreign(foreign.logits[:1], is_member[:1], foreign.labels).audit(
        references=foreign.logits[1:], reference_is_member=is_member[1:], population=np.arange(260) >= 200
    )
    assert not found.refused
    assert len(found.replicates) == 1
    strongest = max(across.auc.value for across in found.across.values())
    assert strongest > max(across.auc.value for across in alone.across.values()) + 0.05


def test_references_that_saw_no_example_allow_offline_attacks() -> None:
    """LiRA and RMIA then compare with networks that were trained on other data, and online they are refused."""
    foreign = simulate(np.concatenate([RNG.random((1, 250)) < 0.5, np.zeros((6, 250), bool)]), effect=1.5)
    foreign.is_member[:, 200:] = False
    found = Foreign(foreign.logits[:1], foreign.is_member[:1], foreign.labels).audit(
        references=foreign.logits[1:], reference_is_member=foreign.is_member[1:], population=np.arange(250) >= 200
    )
    assert found.across.keys() >= {"lira_offline_shrunken", "rmia_offline"}
    assert found.refused.keys() == {"lira_shrunken", "lira", "rmia"}
    assert all("mode: offline" in reason for reason in found.refused.values())


def test_networks_with_the_same_members_are_no_shadows() -> None:
    """Replicates of one training set are all targets, and attacked without shadows; the reason is told."""
    is_member = np.repeat(RNG.random((1, 150)) < 0.5, 3, axis=0)
    foreign = simulate(is_member, effect=1.0)
    found = foreign.audit()
    assert found.across.keys() == SHADOWLESS
    assert len(found.replicates) == 3
    assert all("most lack them" in reason for reason in found.refused.values())
    assert foreign.trial().spec.protocol == GivenProtocol(audited=3, same_members=True)


def test_examples_without_enough_shadows_are_not_judged() -> None:
    """Of 12 networks on independent halves a few examples are in nearly all or none: those are left out for all."""
    foreign = simulate(np.random.default_rng(3).random((12, 400)) < 0.5, effect=1.0)
    trial = foreign.trial()
    rules = rules_of(trial.spec.protocol)
    judged = rules.queried(trial.cohort.signals, 0)
    assert 0.9 * 400 <= len(judged) < 400
    counts = foreign.is_member.sum(0)[judged]
    assert counts.min() >= 3
    assert counts.max() <= 9
    found = audit(trial.cohort, trial.spec)
    sizes = {r.num_members + r.num_non_members for rep in found.replicates for r in rep.attacks.values()}
    assert sizes == {len(judged)}
    assert found.across["lira_shrunken"].auc.value > found.across["loss"].auc.value


def test_a_network_on_the_rest_of_the_examples_is_no_shadow() -> None:
    """It would give its partner away; with references there are shadows all the same."""
    half = RNG.random((1, 120)) < 0.5
    foreign = simulate(np.concatenate([half, ~half]), effect=1.0)
    found = foreign.audit(["loss", "svm", "lira"])
    assert found.across.keys() == {"loss"}
    trial = foreign.trial()
    assert len(rules_of(trial.spec.protocol).shadows_of(0, trial.cohort.signals)) == 0  # type: ignore[attr-defined]


def test_nothing_is_trained_under_it() -> None:
    """The protocol draws no cohort."""
    with pytest.raises(DataError, match="trained elsewhere"):
        rules_of(GivenProtocol()).draw_cohort(10, 0)


@pytest.mark.parametrize("attack", ["loss", "confidence"])
def test_the_auc_is_that_of_scikit_learn(attack: str) -> None:
    """Of one network, on the label's logarithm of its probability, or the highest one."""
    foreign = one_network(0.8)
    p = foreign.probabilities[0]
    score = {"loss": p[np.arange(len(p)), foreign.labels], "confidence": p.max(1)}[attack]
    expected = roc_auc_score(foreign.is_member[0], score)
    assert foreign.audit([attack]).across[attack].auc.value == pytest.approx(expected, abs=1e-12)


def leakless(kind: str, seed: int) -> Foreign:
    """Networks that tell nothing: one alone, one with references that do leak, or several on independent subsets."""
    rng = np.random.default_rng(seed)
    if kind == "alone":
        return one_network(seed=seed, examples=100)
    if kind == "subsets":
        return simulate(rng.random((6, 100)) < 0.5, seed)
    is_member = np.concatenate([rng.random((1, 110)) < 0.5, pairs(6, 80, rng, 30)])
    is_member[0, 80:] = False
    leaking = simulate(is_member, seed, effect=np.ones(110))
    silent = simulate(is_member[:1] & False, seed).logits
    references = {"references": leaking.logits[1:], "reference_is_member": is_member[1:]}
    return Foreign(silent, is_member[:1], leaking.labels, {**references, "population": np.arange(110) >= 80})


@pytest.mark.parametrize("kind", ["alone", "references", pytest.param("subsets", marks=pytest.mark.slow)])
def test_without_a_leak_guessing_is_what_is_found(kind: str) -> None:
    """Over simulated audits the mean AUC is 0.5, and intervals hold it in about 95 % of them."""
    found = [leakless(kind, seed).audit(["loss", "lira"]).across for seed in range(30)]
    for attack in found[0]:
        aucs = [across[attack].auc for across in found]
        error = np.std([auc.value for auc in aucs]) / np.sqrt(len(aucs))
        assert abs(fmean(auc.value for auc in aucs) - 0.5) < 3.5 * error
        assert fmean(auc.low <= 0.5 <= auc.high for auc in aucs) >= 0.83  # of 0.95 by chance in 1 of 300 runs
