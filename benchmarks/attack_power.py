"""The power of the attacks that have shadows, by the number of networks: `python -m benchmarks.attack_power`.

In simulated cohorts the parameters are known: for each example the mean and the standard deviation of its log-odds
among networks trained on it, and among the others. The likelihood ratio with these is the ceiling of what the log-odds
can tell, and every attack that has to estimate them from the shadows stays below. Three worlds:

- `fitted`: what was measured on the networks of `digits` below. Examples differ in all of the parameters, and those
  that are hard without having been learnt from gain most.
- `apart`: the same, but the gain does not depend on how hard an example is.
- `alike`: all examples gain the same, and scatter the same.

`digits` is real: networks trained on halves of 600 examples, cohorts of the same recipe as in sweeps/fair-tabular.yaml.
What the attacks see of them is kept with --signals, so that they are trained once.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

from privsearch.analysis.metrics import attack_auc, tpr_at_fpr
from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.halves import half_members
from privsearch.data import describe_dataset
from privsearch.spec import Attack, HalvesProtocol, LiraAttack, RmiaAttack, SweepSpec, ThresholdAttack
from privsearch.study.signal_archive import SignalArchive
from privsearch.study.signals import Signals
from privsearch.sweep.trial import run_trial

HERE: Final = Path(__file__).parent
FPR: Final = 0.01
CEILING: Final = "known parameters"
ATTACKS: Final[Sequence[Attack]] = (
    LiraAttack(variance="pooled", means="per_example"),
    LiraAttack(variance="per_example", means="per_example"),
    LiraAttack(variance="shrunken", means="per_example"),
    LiraAttack(variance="pooled", means="shrunken"),
    LiraAttack(variance="shrunken", means="shrunken"),
    LiraAttack(mode="offline", variance="pooled", means="per_example"),
    LiraAttack(mode="offline", variance="shrunken", means="shrunken"),
    RmiaAttack(),
    RmiaAttack(mode="offline"),
    ThresholdAttack(kind="loss"),
)
NETWORKS: Final = (8, 16, 64)
SIZE: Final = 1000
"""The examples of a simulated cohort, and as many of its population."""
JUDGED: Final = 4
"""The networks of a simulated cohort that are targets."""
JUDGED_REAL: Final = 16
"""The networks of a trained cohort that are targets, at most."""
REAL_SEEDS: Final[Mapping[int, Sequence[int]]] = {8: (0, 1, 2, 3), 16: (10, 11), 64: (20,)}
"""The seeds of the trained cohorts, by the number of networks."""
RECIPE: Final = {"epochs": 15, "batch_size": 32, "learning_rate": 0.003, "train_size": 600}


@dataclass(frozen=True)
class World:
    """The distribution that the parameters of an example are drawn from, in units of log-odds.

    Attributes:
        gain: what training on an example adds to its mean, on average.
        gain_slope: what it adds less for each unit that the mean without training is higher.
        gain_std: how far examples of one mean differ in it.
        scatter_std: how far the logarithms of their standard deviations differ.
    """

    gain: float
    gain_slope: float
    gain_std: float
    scatter_std: float


WORLDS: Final = {
    "fitted": World(gain=1.0, gain_slope=0.3, gain_std=0.8, scatter_std=0.35),
    "apart": World(gain=1.0, gain_slope=0.0, gain_std=1.2, scatter_std=0.35),
    "alike": World(gain=1.0, gain_slope=0.0, gain_std=0.0, scatter_std=0.0),
}
MEAN: Final = 7.0
MEAN_STD: Final = 3.2
STD_OUT: Final = 1.6
STD_IN: Final = 1.4
SKILL_STD: Final = 0.4
"""How far networks differ in what they say of all examples."""


@dataclass(frozen=True)
class Outcome:
    """The success of one attack on one target, which has the number `target` in its world."""

    world: str
    networks: int
    attack: str
    target: int
    auc: float
    tpr: float


def simulated(name: str, networks: int, seed: int) -> tuple[Signals, np.ndarray]:
    """Draw a cohort.

    Returns:
        The signals, of two classes, and the scores `(networks, SIZE)` of the likelihood ratio with known parameters.
    """
    world, rng = WORLDS[name], np.random.default_rng([seed, networks])
    is_member = np.zeros((networks, 2 * SIZE), dtype=bool)
    is_member[:, :SIZE] = np.concatenate([half_members(SIZE, rng) for _ in range(networks // 2)])
    out = rng.normal(MEAN, MEAN_STD, size=2 * SIZE)
    gain = world.gain - world.gain_slope * (out - MEAN) + rng.normal(0.0, world.gain_std, size=2 * SIZE)
    std_out, std_in = (std * np.exp(rng.normal(0.0, world.scatter_std, 2 * SIZE)) for std in (STD_OUT, STD_IN))
    odds = np.where(is_member, out + gain, out) + rng.normal(size=is_member.shape) * np.where(
        is_member, std_in, std_out
    )
    odds += rng.normal(0.0, SKILL_STD, size=(networks, 1))
    known = norm.logpdf(odds, out + gain, np.hypot(std_in, SKILL_STD))
    known -= norm.logpdf(odds, out, np.hypot(std_out, SKILL_STD))
    logits = np.stack([odds, np.zeros_like(odds)], axis=-1)[:, None]
    labels, rows = np.zeros(2 * SIZE, dtype=np.int64), np.arange(2 * SIZE)
    return Signals({("final_mem", "plain"): logits}, is_member, labels, rows, SIZE), known[:, :SIZE]


def trained(networks: int, seed: int, archive: SignalArchive) -> Signals:
    """Load the signals of a cohort of `digits`, which is trained first if they are not kept."""
    info = describe_dataset("digits")
    sweep = SweepSpec.model_validate(
        {
            "name": "power",
            "datasets": ["digits"],
            "protocol": {"kind": "halves", "networks": networks},
            "grids": {"ann": {"model": ["ann"]}},
            "recipe": RECIPE,
            "attacks": ["loss"],
            "seed": seed,
        }
    )
    (request,) = sweep.expand({"digits": info.network})
    trial_id = request.spec.trial_id(info.fingerprint)
    cohort = archive.load(trial_id)
    if cohort is None:
        run_trial(request.spec, archive=archive)
        cohort = archive.load(trial_id)
    assert cohort is not None, f"{archive.folder} must keep the signals of {trial_id}"
    return cohort.signals


def judged(world: str, cohort: int, signals: Signals, known: np.ndarray | None, targets: int) -> Iterator[Outcome]:
    """Run every attack on the first targets of a cohort."""
    networks = len(signals.is_member)
    rules = rules_of(HalvesProtocol(networks=networks))
    all_scores = {
        attack.name: [
            scores for _, (scores, _) in zip(range(targets), rules.target_scores(signals, attack, 0), strict=False)
        ]
        for attack in ATTACKS
    }
    for attack, by_target in (all_scores if known is None else {**all_scores, CEILING: known[:targets]}).items():
        for target, scores in enumerate(by_target):
            is_member = signals.is_member[target, : signals.num_train]
            auc, tpr = attack_auc(scores, is_member), tpr_at_fpr(scores, is_member, FPR).value
            yield Outcome(world, networks, attack, cohort * networks + target, auc, tpr)


def summary(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Average over the targets of each world, number of networks and attack, and compare with `lira` target by target.

    The standard errors are over targets. Those of one cohort are one another's shadows, so they are a little too small.
    """
    table = pd.DataFrame(outcomes)
    place = ["world", "networks", "target"]
    reference = table[table["attack"] == "lira"].set_index(place)[["auc", "tpr"]]
    gains = table[["auc", "tpr"]].to_numpy() - reference.loc[pd.MultiIndex.from_frame(table[place])].to_numpy()
    table[["auc_gain", "tpr_gain"]] = gains
    found = table.groupby(["world", "networks", "attack"], sort=False)[["auc", "auc_gain", "tpr", "tpr_gain"]]
    rows = found.agg(["mean", "sem"])
    rows.columns = [number + "_se" * (of == "sem") for number, of in rows.columns]
    return rows.assign(targets=found.size()).reset_index()


def table_of(rows: pd.DataFrame) -> Table:
    """Lay out the summary for a terminal: a row for each world and attack, two columns for each number of networks."""
    columns = [f"{number} {of}" for of in NETWORKS for number in ("AUC", "TPR")]
    table = Table("world", "attack", *columns)
    for (world, attack), group in rows.groupby(["world", "attack"], sort=False):
        cells: dict[str, Any] = {}
        for row in group.itertuples():
            cells[f"AUC {row.networks}"] = f"{row.auc:.3f} ± {row.auc_se:.3f}"
            cells[f"TPR {row.networks}"] = f"{row.tpr:.3f} ± {row.tpr_se:.3f}"
        table.add_row(str(world), str(attack), *(cells.get(column, "") for column in columns))
    return table


def main() -> None:
    """Judge every attack in every world, print the table, and write it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attack_power", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--cohorts", type=int, default=6, help="simulated cohorts of each world and size (6)")
    parser.add_argument("--signals", type=Path, help="where what the attacks see of trained networks is kept")
    parser.add_argument("--output", type=Path, default=HERE, help="where attack_power.csv goes")
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []
    for networks in NETWORKS:
        for world in WORLDS:
            for seed in range(arguments.cohorts):
                outcomes += judged(world, seed, *simulated(world, networks, seed), JUDGED)
        for seed in REAL_SEEDS[networks] if arguments.signals else ():
            signals = trained(networks, seed, SignalArchive(arguments.signals))
            outcomes += judged("digits", seed, signals, None, min(networks, JUDGED_REAL))
    rows = summary(outcomes)
    Console(width=160).print(table_of(rows))
    rows.to_csv(arguments.output / "attack_power.csv", index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
