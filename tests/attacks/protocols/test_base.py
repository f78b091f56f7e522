import numpy as np
import pytest
from pydantic import TypeAdapter

from privsearch.attacks.protocols import rules_of
from privsearch.spec import HalvesProtocol, OneRunProtocol, PaperProtocol, Protocol, ThresholdAttack
from privsearch.spec.protocols import PROTOCOLS
from privsearch.study.signals import Signals

TRAIN, TEST = 60, 30


@pytest.mark.parametrize(
    "protocol",
    [PaperProtocol(), HalvesProtocol(), OneRunProtocol(replicates=3)],
    ids=lambda protocol: protocol.kind,
)
def test_the_rules_keep_to_the_specification(protocol: Protocol) -> None:
    """The cohort has the networks and the training examples of the specification, and every target is evaluated."""
    rules = rules_of(protocol)
    subsets, seeds = rules.draw_cohort(TRAIN, seed=0)
    assert (len(subsets), len(set(seeds))) == (protocol.networks, protocol.networks)
    # A half of the coins come up heads, within four standard deviations.
    slack = 4 * np.sqrt(TRAIN / 4) if protocol.kind == "one_run" else 1
    assert subsets.sum(1) == pytest.approx(protocol.training_examples(TRAIN), abs=slack)
    is_member = np.pad(subsets, ((0, 0), (0, TEST)))
    logits = np.random.default_rng(0).normal(size=(len(subsets), 1, TRAIN + TEST, 2))
    labels = np.arange(TRAIN + TEST) % 2
    signals = Signals({("final_mem", "plain"): logits}, is_member, labels, np.arange(TRAIN + TEST), TRAIN)
    attack = ThresholdAttack(kind="loss")
    evaluations = rules.evaluate(signals, attack, seed=0)
    assert len(evaluations) == protocol.targets
    assert all((evaluation.result.placebo is not None) == protocol.has_placebo for evaluation in evaluations)
    for evaluation, (scores, members) in zip(evaluations, rules.target_scores(signals, attack, seed=0), strict=True):
        assert np.array_equal(evaluation.scores, scores)
        assert np.array_equal(evaluation.is_member, members)
        assert len(scores) == len(rules.queried(signals, 0))
    assert (len({members.tobytes() for _, members in rules.target_scores(signals, attack, 0)}) == 1) == (
        protocol.targets_share_examples
    )


@pytest.mark.parametrize("kind", [kind for kind in PROTOCOLS if kind not in ("one_run", "given")])
def test_classes_are_those_of_the_data(kind: str) -> None:
    """Only canaries are trained on with other labels than their own."""
    labels = np.arange(TRAIN) % 3
    rules = rules_of(TypeAdapter[Protocol](Protocol).validate_python(kind))
    assert np.array_equal(rules.training_labels(labels, 3, seed=0), labels)
