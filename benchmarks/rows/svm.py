"""The row of the attack's SVM, on as many outputs as MNIST has examples."""

from collections.abc import Sequence

import numpy as np

from benchmarks.row import Agreement, Ratio, Round

FITTED, SCORED = 20_000, 70_000
CLASSES = 10

Outputs = tuple[np.ndarray, np.ndarray]
"""The logits `(n, classes)` of examples, and their memberships `(n,)`."""


def outputs(size: int, rng: np.random.Generator) -> Outputs:
    """Draw logits like those of a trained network, which is a little surer of the labels of its members."""
    is_member = np.arange(size) % 2 == 0
    logits = rng.normal(scale=2.5, size=(size, CLASSES))
    certainty = 8 + rng.normal(scale=2.0, size=size) + 0.5 * is_member
    logits[np.arange(size), rng.integers(CLASSES, size=size)] += certainty
    return logits.astype(np.float32), is_member


def shadow_and_target() -> tuple[Outputs, Outputs]:
    """Draw the outputs that the SVM is fitted on, and those that it scores."""
    rng = np.random.default_rng(0)
    shadow, target = (outputs(size, rng) for size in (FITTED, SCORED))
    return shadow, target


def our_attack(quick: bool) -> Round:  # noqa: ARG001  # smaller ones would not be the same problem
    """Prepare the SVM as the attack uses it."""
    import sklearnex.svm  # noqa: F401  # a worker imports it once

    from privsearch.attacks.rbf_svm import rbf_svm_scores

    (shadow, is_member), (target, _) = shadow_and_target()
    return lambda: rbf_svm_scores(shadow, is_member, target)


def their_attack(quick: bool) -> Round:  # noqa: ARG001  # likewise
    """Prepare scikit-learn's SVC."""
    from sklearn.svm import SVC

    (shadow, is_member), (target, _) = shadow_and_target()
    return lambda: SVC(kernel="rbf").fit(shadow, is_member).decision_function(target)


def same_auc(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> Agreement:
    """Compare the AUCs of the last round."""
    from privsearch.analysis.metrics import attack_auc

    is_member = np.arange(len(ours[-1])) % 2 == 0
    mine, other = (attack_auc(scores, is_member) for scores in (ours[-1], theirs[-1]))
    apart, scores_apart = abs(mine - other), np.abs(ours[-1] - theirs[-1]).max()
    return Agreement(
        apart <= 1e-4,
        f"AUC {mine:.6f}, theirs {other:.6f}: {apart:.0e} apart (1e-4 allowed); scores {scores_apart:.0e} at most",
    )


ROWS = (
    Ratio(
        name="svm",
        what=f"RBF-SVM attack, {FITTED:,} fitted, {SCORED:,} scored",
        peer="scikit-learn SVC",
        target=5.0,
        ours=our_attack,
        theirs=their_attack,
        compare=same_auc,
        packages=("scikit-learn",),
        rounds=3,
        quick_rounds=1,
        warm_up=0,
    ),
)
