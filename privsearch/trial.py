"""Run one trial: a `TrialSpec` in, a `TrialResult` out. No Ray, no Optuna, no paths."""

import time

import numpy as np

from privsearch.attacks.paper import audit_pair
from privsearch.data import describe_dataset
from privsearch.data.splits import Splits, load_splits, shadow_members
from privsearch.result import UNKNOWN_ID, Completed, Replicate, TrialResult, failure
from privsearch.spec import TrialSpec
from privsearch.training import EpochListener, train_cohort

INIT, SUBSET, ATTACK = range(3)
"""What a replicate's random streams are for; each is independent of the others."""


def run_trial(spec: TrialSpec, on_epoch: EpochListener | None = None) -> TrialResult:
    """Train and attack every replicate of `spec`.

    The same spec gives the same numbers on the same machine, in whatever process and beside whatever else. An
    exception becomes a `Failed` result with its traceback; only an interrupt gets through.

    Args:
        spec: the trial; taken in its canonical form.
        on_epoch: told (network, epoch, what was measured); networks count through the replicates, target before
            shadow.
    """
    started = time.perf_counter()
    trial_id = UNKNOWN_ID
    try:
        info = describe_dataset(spec.dataset)
        spec = spec.canonical(info.network)
        trial_id = spec.trial_id(info.fingerprint)
        splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
        replicates = tuple(_replicate(spec, splits, r, on_epoch) for r in range(spec.protocol.replicates))
    except Exception as error:  # whatever a trial raises is its result, and must not end the sweep
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)
    return Completed(trial_id=trial_id, spec=spec, replicates=replicates, seconds=time.perf_counter() - started)


def _replicate(spec: TrialSpec, splits: Splits, replicate: int, on_epoch: EpochListener | None) -> Replicate:
    """Train the target on the whole training split and the shadow on its part of it, then attack the target.

    The seeds depend on the sweep's seed and the replicate, not on the configuration: two configurations are compared
    on the same subsets, which takes that source of variance out of their difference.
    """
    num_train = len(splits.y_train)
    subset = shadow_members(num_train, spec.protocol.shadow_fraction, _rng(spec.seed, replicate, SUBSET))
    seeds = _rng(spec.seed, replicate, INIT).integers(2**63, size=2).tolist()
    signals, (target, shadow) = train_cohort(
        spec,
        splits,
        np.stack([np.ones(num_train, dtype=bool), subset]),
        seeds,
        (lambda k, epoch, measured: on_epoch(2 * replicate + k, epoch, measured)) if on_epoch else None,
    )
    attack_seed = int(_rng(spec.seed, replicate, ATTACK).integers(2**63))
    attacks = {
        attack.name: audit_pair(signals, attack, placebo_cuts=spec.protocol.placebo_cuts, seed=attack_seed)
        for attack in spec.attacks
    }
    return Replicate(target=target, shadow=shadow, attacks=attacks)


def _rng(seed: int, replicate: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate, stream)))
