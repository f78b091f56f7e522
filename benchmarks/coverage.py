"""How often the intervals of differences hold the truth, by simulation: `python -m benchmarks.coverage`.

Two configurations of one distribution are made up under `halves`, so that their true difference is 0: an example's
outputs are those of its class, what is its own, what membership adds, and what differs from network to network. Of the
latter a share is owed to *which other examples* the network was trained on, and the rest is noise. The share matters:
the two networks of a pair were trained on complementary halves and deviate in opposite directions by it, and targets
that are one another's shadows depend on each other. `owed_share` measures it on real networks.

The AUCs of all targets go through `privsearch.analysis.paired` as those of a study do. The table, `coverage.csv`, has
the share of cases whose interval of 95 % holds 0, and the interval's mean width: `given`, with the correlation that
`pair_correlation` gives; with the fixed ones 0 (`none`), 1 / (K - 1) (`one`) and 2 / (K - 1) (`two`); and with the
means of complementary pairs in place of targets, with a correlation of 0 (`pairs`) and 1 / (K / 2 - 1) (`pairs_one`).
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy import ndarray as Array
from rich.console import Console

from privsearch.analysis.metrics import attack_auc
from privsearch.analysis.paired import mean_difference, pair_correlation
from privsearch.attacks.protocols import rules_of
from privsearch.spec import TrialSpec
from privsearch.study.signals import Signals

HERE: Final = Path(__file__).parent
SHARES: Final = {8: (0.0, 0.25, 0.5, 0.7), 4: (0.7,), 6: (0.7,), 16: (0.7,)}
"""The shares that are tried, by the number of networks; 0.7 is what ANNs come to on small tables."""
ATTACKS: Final = ("svm", "loss", {"kind": "lira", "mode": "offline"}, "lira", "rmia")
GAINS: Final = (0.0, 0.3, 1.0)
"""What membership adds to the logit of an example's class; the networks' own spread is 0.6."""

NUM_TRAIN, NUM_TEST, NUM_CLASSES, SPREAD = 120, 60, 3, 0.6


def made_up_signals(is_member: Array, share: float, gain: float, rng: np.random.Generator) -> Signals:
    """Make up what networks answer that were trained on the given halves.

    Args:
        is_member: `(networks, NUM_TRAIN)`: the halves.
        share: of the variance between networks, what is owed to the other examples that they were trained on.
        gain: what membership adds to the logit of an example's own class.
        rng: decides all that is random.
    """
    networks, size = len(is_member), NUM_TRAIN + NUM_TEST
    labels = rng.integers(NUM_CLASSES, size=size)
    own = 1.5 * np.eye(NUM_CLASSES)[labels] + rng.normal(size=(size, NUM_CLASSES))
    influence = rng.normal(size=(NUM_TRAIN, size, NUM_CLASSES)) / np.sqrt(NUM_TRAIN)
    influence[np.arange(NUM_TRAIN), np.arange(NUM_TRAIN)] = 0.0
    owed = np.einsum("kj,jic->kic", np.where(is_member, 1.0, -1.0), influence)
    noise = rng.normal(size=owed.shape)
    logits = own + SPREAD * (np.sqrt(share) * owed + np.sqrt(1 - share) * noise)
    members = np.concatenate([is_member, np.zeros((networks, NUM_TEST), dtype=bool)], axis=1)
    logits += gain * members[..., None] * np.eye(NUM_CLASSES)[labels]
    return Signals({("final_mem", "plain"): logits[:, None]}, members, labels, np.arange(size), NUM_TRAIN)


def owed_share(log_odds: Array, is_member: Array) -> float:
    """Return the share of the variance between networks that is owed to the other examples they were trained on.

    Networks 2p and 2p + 1 are a pair, and no example is in both. What the other examples do to one of them they do to
    the other with the sign turned, so the share is minus the correlation between the two of what is left of the outputs
    without the means of each example with and without it, less that correlation between networks of different pairs.

    Args:
        log_odds: `(networks, n)`: how sure each network is of each example's label.
        is_member: `(networks, n)`: whether it was trained on the example; half of the networks were.
    """
    rest = log_odds.copy()
    for k in (True, False):
        chosen = is_member == k
        means = np.where(chosen, log_odds, 0.0).sum(axis=0) / chosen.sum(axis=0)
        rest -= np.where(chosen, means, 0.0)
    products = np.einsum("ki,li->kli", rest, rest)
    unlike = is_member[:, None] != is_member[None]
    pair = np.arange(len(rest)) // 2
    partners = (pair[:, None] == pair[None])[..., None] & unlike
    others = (pair[:, None] != pair[None])[..., None] & unlike
    degrees = 1 - 2 / len(rest)
    return float((products[others].mean() - products[partners].mean()) * degrees / (rest**2).mean())


def differences(networks: int, share: float, gain: float, seed: int) -> dict[str, Array]:
    """Return the difference between two made-up configurations, `(networks,)`, by attack, and in the greatest AUC."""
    spec = _spec(networks)
    rules, rng = rules_of(spec.protocol), np.random.default_rng(seed)
    subsets, _ = rules.draw_cohort(NUM_TRAIN, seed)
    is_member = np.zeros((networks, NUM_TRAIN), dtype=bool)
    for row, subset in zip(is_member, subsets, strict=True):
        row[subset] = True
    pair = [made_up_signals(is_member, share, gain, rng) for _ in range(2)]
    aucs = {
        attack.name: np.array(
            [
                [attack_auc(s, m) for s, m in zip(rules.scores(signals, attack, seed), is_member, strict=True)]
                for signals in pair
            ]
        )
        for attack in spec.attacks
    }
    # The strongest attack is the one of the greatest mean, as an audit names it, on either side.
    worst = [max((a[side] for a in aucs.values()), key=np.mean) for side in (0, 1)]
    return {name: a[0] - a[1] for name, a in aucs.items()} | {"worst": worst[0] - worst[1]}


def coverage_table(cases: int, shares: Mapping[int, Sequence[float]] = SHARES) -> pd.DataFrame:
    """Return a row for each number of networks, share, gain and attack: how often each interval holds the truth.

    Args:
        cases: the number of pairs of configurations for each row.
        shares: the shares by the number of networks.
    """
    cells = [(networks, share, gain) for networks, of in shares.items() for share in of for gain in GAINS]
    return pd.DataFrame([row for cell in cells for row in _rows(*cell, cases)])


def _spec(networks: int) -> TrialSpec:
    protocol = {"kind": "halves", "networks": networks}
    return TrialSpec.model_validate({"dataset": "iris", "model": "ann", "protocol": protocol, "attacks": ATTACKS})


def _rows(networks: int, share: float, gain: float, cases: int) -> Iterator[dict[str, object]]:
    found = [differences(networks, share, gain, seed) for seed in range(cases)]
    spec = _spec(networks)
    for name in found[0]:
        table = np.stack([each[name] for each in found])
        given = pair_correlation(spec, f"{name}.auc", networks)
        pairs, between_pairs = table.reshape(cases, -1, 2).mean(axis=2), 1 / (networks // 2 - 1)
        units = {
            "given": (table, given),
            "none": (table, 0.0),
            "one": (table, 1 / (networks - 1)),
            "two": (table, 2 / (networks - 1)),
            "pairs": (pairs, 0.0),
            "pairs_one": (pairs, between_pairs),
        }
        row: dict[str, object] = {"networks": networks, "share": share, "gain": gain, "attack": name, "n": cases}
        for which, (numbers, correlation) in units.items():
            interval = mean_difference(numbers, correlation=min(correlation, 0.9))
            row[which] = float(((interval.low <= 0) & (interval.high >= 0)).mean())
            row[f"width_{which}"] = float(np.nanmean(interval.high - interval.low))
        row["deviation"] = float(table.mean(axis=1).std())
        yield row


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100, help="pairs of configurations for each row")
    table = coverage_table(parser.parse_args().cases)
    table.round(3).to_csv(HERE / "coverage.csv", index=False)
    Console(width=120).print(table.to_string(index=False), highlight=False)


if __name__ == "__main__":
    main()
