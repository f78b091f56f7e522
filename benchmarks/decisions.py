"""What choosing costs, by simulation: `python -m benchmarks.decisions` writes `decisions.csv`, `.png` and `.svg`.

Studies of 12 configurations are made up whose true accuracies and leakages are known. Accuracies are drawn from 0.89 to
0.95. In the cases, leakage (an AUC) is

    nothing leaks     0.62 for all
    correlated noise  the same, where what is accurate by chance leaks more by chance (a correlation of 0.5)
    0.02, 0.05, 0.10  0.62 for nine, and less by as much for three, drawn at random
    spread            drawn from 0.56 to 0.62

A target's numbers are the truth, plus what all configurations share of a target, plus the configuration's own noise:
standard deviations 0.010 and 0.008 of accuracy, 0.010 and 0.020 of leakage. Each study is put to three rules: `decide`,
as `privsearch pick` does for `worst.auc` under `halves`, whose intervals are widened for targets that are one another's
shadows; the knee of the front of means, as it did before; and the most accurate configuration.

Regret in accuracy is what the most accurate configuration has in truth, less what the chosen one has; regret in
leakage, what the chosen one leaks in truth, less what the least leaking one does. Both can be 0 only where privacy is
free. A study is *wrong* if it has some configuration called less leaking than the most accurate one that in truth is
not. Privacy is *found* if the chosen one leaks less in truth than the most accurate one; those studies count in which
some configuration does. `bias` is the measured leakage of the chosen one less its true one, and `shrunken_bias` that of
the corrected number beside it. `wrong_single` and `found_single` are those of one attack's number, without widening.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from benchmarks.simulated import command
from privsearch.analysis.decision import Candidates, decide, independent, shrunken
from privsearch.report.figures.style import PAGE_WIDTH, legend_below, new_figure, save_figure
from privsearch.report.wording.formats import MISSING, markdown_table

HERE: Final = Path(__file__).parent
CONFIGURATIONS: Final = 12
SPREAD: Final = 0.06
LEAKAGE: Final = 0.62
CORRELATED: Final = "correlated noise"
CORRELATION: Final = 0.5
"""That of a configuration's own noise in accuracy and in leakage, in the case that is named for it."""
GAINS: Final = {"nothing leaks": 0.0, CORRELATED: 0.0, "0.02": 0.02, "0.05": 0.05, "0.10": 0.10, "spread": None}
TARGETS: Final = (3, 5, 8, 16)
NOISE: Final = {"accuracy": (0.010, 0.008), "leakage": (0.010, 0.020)}
"""The standard deviations of what configurations share of a target, and of each one's own noise."""
RULES: Final = ("pick", "knee", "most accurate")


@dataclass(frozen=True)
class MadeUp:
    """A study of known truth.

    Attributes:
        accuracy: `(m,)`, true.
        leakage: `(m,)`, true.
        accuracies: `(m, n)`, measured on each target.
        leakages: `(m, n)`.
    """

    accuracy: Float[Array, " m"]
    leakage: Float[Array, " m"]
    accuracies: Float[Array, "m n"]
    leakages: Float[Array, "m n"]


def made_up(case: str, targets: int, rng: np.random.Generator) -> MadeUp:
    """Make up a study.

    Args:
        case: one of `GAINS`.
        targets: n.
        rng: draws all of it.
    """
    gain = GAINS[case]
    accuracy = 0.95 - SPREAD * rng.random(CONFIGURATIONS)
    if gain is None:
        leakage = LEAKAGE - SPREAD * rng.random(CONFIGURATIONS)
    else:
        leakage = LEAKAGE - gain * (rng.permutation(CONFIGURATIONS) < 3)
    of_accuracy, of_leakage = rng.normal(size=(2, CONFIGURATIONS, targets))
    if case == CORRELATED:
        of_leakage = CORRELATION * of_accuracy + math.sqrt(1 - CORRELATION**2) * of_leakage
    return MadeUp(
        accuracy,
        leakage,
        _measured(accuracy, of_accuracy, *NOISE["accuracy"], rng),
        _measured(leakage, of_leakage, *NOISE["leakage"], rng),
    )


def knee(study: MadeUp) -> int:
    """Choose the configuration of the front that lies farthest from the line between its ends.

    Source: Das 1999; each objective is scaled to its range on the front.
    """
    losses = np.stack([-study.accuracies.mean(axis=1), study.leakages.mean(axis=1)], axis=1)
    no_worse = (losses[:, None] <= losses[None]).all(axis=2) & (losses[:, None] < losses[None]).any(axis=2)
    front = np.flatnonzero(~no_worse.any(axis=0))
    low, width = losses[front].min(axis=0), np.ptp(losses[front], axis=0)
    scaled = (losses[front] - low) / np.where(width > 0, width, 1.0)
    return int(front[scaled.sum(axis=1).argmin()])


def judged(study: MadeUp) -> Iterator[dict[str, object]]:
    """Yield what each rule makes of a study."""
    m, n = study.accuracies.shape
    candidates = Candidates(
        study.accuracies,
        study.leakages.mean(axis=1),
        lambda reference: (np.broadcast_to(study.leakages[reference], study.leakages.shape), study.leakages),
        "worst.auc",
        np.ones(m, dtype=bool),
        1024.0 / (1 + np.random.default_rng(0).permutation(m)),
        [0] * m,
        lambda count: 1 / (count - 1),
    )
    decision = decide(candidates, least_leakage=False)
    single = decide(replace(candidates, correlation=independent), least_leakage=False)
    best = decision.most_accurate
    estimate = shrunken(study.leakages, candidates.correlation(n))
    is_there = bool((study.leakage < study.leakage[best]).any())
    for rule, chosen in zip(RULES, (decision.chosen, knee(study), best), strict=True):
        is_pick = rule == "pick"
        yield {
            "rule": rule,
            "accuracy_regret": study.accuracy.max() - study.accuracy[chosen],
            "leakage_regret": study.leakage[chosen] - study.leakage.min(),
            "wrong": _wrong(study, decision.leaking_less, best) if is_pick else np.nan,
            "wrong_single": _wrong(study, single.leaking_less, best) if is_pick else np.nan,
            "found": study.leakage[chosen] < study.leakage[best] if is_there else np.nan,
            "found_single": study.leakage[single.chosen] < study.leakage[best] if is_there and is_pick else np.nan,
            "bias": study.leakages[chosen].mean() - study.leakage[chosen],
            "shrunken_bias": np.nan if estimate is None else estimate[chosen] - study.leakage[chosen],
        }


def simulate(studies: int, seed: int = 0) -> pd.DataFrame:
    """Return the means over many studies: a row for each case, number of targets and rule.

    Args:
        studies: for each case and number of targets.
        seed: decides all of them.
    """
    rows = []
    for number, case in enumerate(GAINS):
        for targets in TARGETS:
            rng = np.random.default_rng([seed, number, targets])
            found = pd.DataFrame([row for _ in range(studies) for row in judged(made_up(case, targets, rng))])
            means = found.groupby("rule", sort=False).mean()
            errors = found.groupby("rule", sort=False)["accuracy_regret"].sem()
            means["accuracy_regret_error"] = errors
            rows.append(means.reset_index().assign(case=case, targets=targets, studies=studies))
    table = pd.concat(rows, ignore_index=True)
    return table[["case", "targets", "studies", *[c for c in table if c not in ("case", "targets", "studies")]]]


def plot(table: pd.DataFrame, path: Path) -> list[Path]:
    """Draw both regrets over the number of targets, a column for each case, a line for each rule.

    Returns:
        The paths of the PNG and the SVG.
    """
    figure = new_figure(PAGE_WIDTH, 3.4)
    panels = figure.subplots(2, len(GAINS), sharex=True, sharey="row")
    key = {}
    for column, case in enumerate(GAINS):
        rows = table[table["case"] == case]
        for axes, number in zip(panels[:, column], ("accuracy_regret", "leakage_regret"), strict=True):
            for rule, marker, colour in zip(RULES, "os^", ("#0072B2", "#E69F00", "#009E73"), strict=True):
                of_rule = rows[rows["rule"] == rule]
                (key[rule],) = axes.plot(of_rule["targets"], of_rule[number], marker=marker, ms=3, lw=1, color=colour)
            axes.set_xscale("log", base=2)
            axes.set_xticks(TARGETS, [str(targets) for targets in TARGETS])
            axes.minorticks_off()
            axes.tick_params(labelsize=7)
        title = f"three leak\n{case} less" if GAINS[case] else case.replace(" ", "\n")
        panels[0, column].set_title(title, fontsize=8)
        panels[1, column].set_xlabel("targets", fontsize=8)
    panels[0, 0].set_ylabel("regret in accuracy", fontsize=8)
    panels[1, 0].set_ylabel("regret in leakage (AUC)", fontsize=8)
    legend_below(figure, key, handle_length=1.5)
    return save_figure(figure, path)


def document(table: pd.DataFrame) -> str:
    """Return the table of docs/choosing.md: for each case and number of targets, what each rule comes to."""
    rows = []
    for (case, targets), group in table.groupby(["case", "targets"], sort=False):
        by_rule = group.set_index("rule")
        chosen = by_rule.loc["pick"]
        regrets = [
            " / ".join(f"{by_rule.loc[rule, number]:.{digits}f}" for rule in RULES)
            for number, digits in (("accuracy_regret", 4), ("leakage_regret", 3))
        ]
        rates = [_both(chosen, "wrong", 3), _both(chosen, "found", 2)]
        biases = [f"{chosen[number]:+.4f}" for number in ("bias", "shrunken_bias")]
        rows.append([str(case), str(targets), *regrets, *rates, *biases])
    rules = " / ".join(RULES)
    header = ["leakage", "targets", f"regret in accuracy: {rules}", f"in leakage: {rules}"]
    return markdown_table([*header, "wrong: worst / one attack", "found", "bias", "corrected"], rows)


def _both(row: pd.Series, rate: str, digits: int) -> str:
    rates = row[rate], row[f"{rate}_single"]
    return MISSING if np.isnan(rates).any() else " / ".join(f"{number:.{digits}f}" for number in rates)


def _measured(
    truth: Float[Array, " m"], noise: Float[Array, "m n"], shared: float, own: float, rng: np.random.Generator
) -> Float[Array, "m n"]:
    measured: Array = truth[:, None] + rng.normal(0, shared, noise.shape[1]) + own * noise
    return measured


def _wrong(study: MadeUp, leaking_less: Bool[Array, " m"], best: int) -> bool:
    return bool((leaking_less & (study.leakage >= study.leakage[best])).any())


def main() -> None:
    """Simulate, write the table and the plot, and print the documentation's table."""
    command(__doc__, HERE / "decisions", simulate, plot, document, studies=2000)


if __name__ == "__main__":
    main()
