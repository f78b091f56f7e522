"""What a race saves, by simulation: `python -m benchmarks.racing` writes `racing.csv`, `.png` and `.svg`.

The studies are those of `benchmarks/decisions.py`, 12 configurations each whose truth is known, and recorded ones:

    cross-product  the 384 configurations of either table of `cross_grid.csv`, with membranes quantised as they were
                   then (`benchmarks/samplers.py`)
    halves         the 22 configurations of either of the three datasets of `studies/fair-tabular`, strongest attack

Of recorded ones the truth is what is recorded, drawn together by as much as its differences may be noise; targets are
drawn around it with the recorded standard deviations (of the cross-product, which has three targets, with their mean).
Each study is decided four times, on the same targets: by all 32 targets of every configuration; by a race from 4 of
them to 32, and by one from 8; and by as many networks as a race from 4 takes on average, given evenly to all.

`networks` is what is trained, as a share of all. `same_front` is the share of studies in which the front is that of all
networks, and `lost` the share of its configurations that a race has put out. A front is as wrong as its averaged
Hausdorff distance from the true front (`front_error`): the larger of two means, of how much each configuration of the
one lacks, in truth, to be no worse than one of the other. `front_error_more` is how much larger it is than that of all
networks. `same_pick` is the share of studies in which `privsearch pick` takes what it takes of all networks; regrets,
`wrong` and `found` are as in `benchmarks/decisions.py`. Intervals are of 95 %, over the studies.

Source of the distance: Schütze et al. 2012, Using the averaged Hausdorff distance as a performance measure in
evolutionary multiobjective optimization, of distances that count what is worse alone, as of Ishibuchi et al. 2015
(IGD+), and in which the largest of the objectives counts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from benchmarks.decisions import GAINS, MadeUp, made_up
from benchmarks.simulated import command
from privsearch.analysis.decision import Candidates, decide
from privsearch.analysis.pareto import unbeaten
from privsearch.analysis.racing import Limits, Racers, standings
from privsearch.analysis.shrinkage import shrunken_means
from privsearch.report.figures.style import PAGE_WIDTH, legend_below, new_figure, save_figure
from privsearch.report.wording.formats import MISSING, markdown_table

HERE: Final = Path(__file__).parent
MOST: Final = 32
RACES: Final = {"race from 4": 4, "race from 8": 8}
FULL: Final = "all"
EVENLY: Final = "as many, evenly"
RULES: Final = (*RACES, EVENLY, FULL)
RECORDED: Final = {
    "cross-product, iris": (HERE / "cross_grid.csv", "iris", "svm.auc"),
    "cross-product, breast_cancer": (HERE / "cross_grid.csv", "breast_cancer", "svm.auc"),
    "halves, iris": (HERE.parent / "studies/fair-tabular/results.csv", "iris", "worst.auc"),
    "halves, breast_cancer": (HERE.parent / "studies/fair-tabular/results.csv", "breast_cancer", "worst.auc"),
    "halves, digits": (HERE.parent / "studies/fair-tabular/results.csv", "digits", "worst.auc"),
}
_NORMAL: Final = 1.96


@dataclass(frozen=True)
class Raced:
    """The end of a race.

    Attributes:
        targets: `(m,)`, how many each configuration got.
        is_in: `(m,)`, False for those that were put out.
    """

    targets: Int[Array, " m"]
    is_in: Bool[Array, " m"]


def raced(study: MadeUp, least: int, *, widened: bool) -> Raced:
    """Race a study's configurations, from some targets to all, by as many more in each round.

    Args:
        study: its targets are drawn already; the race sees those that it asks for.
        least: the targets that all configurations begin with, and those that a round adds.
        widened: as the targets are one another's shadows.
    """
    values = np.stack([study.accuracies, -study.leakages], axis=1)
    m, _, most = values.shape
    targets, is_in = np.full(m, least), np.ones(m, dtype=bool)
    for spent in range(least, most, least):  # the last round ends the race, and needs no look
        racing = np.flatnonzero(is_in)
        found = standings(_racers(values[racing], targets[racing], widened), Limits(most // least - 1, most))
        is_in[racing[[standing.is_out for standing in found]]] = False
        more = racing[[standing.verdict == "open" for standing in found]]
        if not len(more):
            break
        targets[more] = spent + least
    return Raced(targets, is_in)


def _racers(values: Float[Array, "m objectives n"], targets: Int[Array, " m"], widened: bool) -> Racers:
    m, _, most = values.shape

    def better_by(one: int) -> Float[Array, "m objectives n"]:
        common = np.minimum(targets, targets[one])[:, None, None]
        return np.where(np.arange(most) < common, values[one] - values, np.nan)

    nothing, nobody = np.empty((m, 0, most)), np.zeros(m, dtype=bool)
    return Racers(targets, better_by, np.zeros(2, dtype=bool), _correlation(widened), nothing, nobody)


def _correlation(widened: bool) -> Callable[[int, int], float]:
    return lambda objective, n: 1 / (n - 1) if widened and objective == 1 and n > 2 else 0.0


def front_error(study: MadeUp, front: Bool[Array, " m"]) -> float:
    """Return how far a front is from the true one, in truth; the unit is that of accuracy and AUC."""
    losses = np.stack([-study.accuracy, study.leakage], axis=1)
    true, measured = losses[unbeaten(losses)], losses[front]
    lacking = np.maximum(measured[:, None] - true[None], 0).max(axis=2)
    return float(max(lacking.min(axis=0).mean(), lacking.min(axis=1).mean()))


def measured_front(study: MadeUp, end: Raced) -> Bool[Array, " m"]:
    """Mark the configurations in the race whose means no other one's beat."""
    in_race = np.flatnonzero(end.is_in)
    accuracy, leakage = _means(study.accuracies, end), _means(study.leakages, end)
    front = np.zeros(len(end.is_in), dtype=bool)
    front[in_race[unbeaten(np.stack([-accuracy, leakage], axis=1)[in_race])]] = True
    return front


def _means(values: Float[Array, "m n"], end: Raced) -> Float[Array, " m"]:
    means: Array = np.nanmean(np.where(np.arange(values.shape[1]) < end.targets[:, None], values, np.nan), axis=1)
    return means


@dataclass(frozen=True)
class Judged:
    """The worth of the end of a race.

    Attributes:
        front: `(m,)`, True on the measured front.
        chosen: the configuration that `privsearch pick` takes.
        numbers: by their names.
    """

    front: Bool[Array, " m"]
    chosen: int
    numbers: dict[str, float]


def judged(study: MadeUp, end: Raced, *, widened: bool) -> Judged:
    """Return what a race's end is worth: its front, and what `privsearch pick` makes of it."""
    left = np.flatnonzero(end.is_in)
    there = np.arange(study.accuracies.shape[1]) < end.targets[left, None]
    accuracies, leakages = (np.where(there, of[left], np.nan) for of in (study.accuracies, study.leakages))
    decision = decide(
        Candidates(
            accuracies,
            np.nanmean(leakages, axis=1),
            lambda reference: (np.broadcast_to(leakages[reference], leakages.shape), leakages),
            "worst.auc",
            np.ones(len(left), dtype=bool),
            1024.0 / (1 + np.arange(len(left))),
            list(range(len(left))),
            lambda n: _correlation(widened)(1, n),
            len(end.is_in) - len(left),
        ),
        least_leakage=False,
    )
    chosen, best = left[decision.chosen], left[decision.most_accurate]
    less = study.leakage < study.leakage[best]
    front = measured_front(study, end)
    numbers = {
        "networks": float(end.targets.mean() / MOST),
        "front_error": front_error(study, front),
        "accuracy_regret": float(study.accuracy.max() - study.accuracy[chosen]),
        "leakage_regret": float(study.leakage[chosen] - study.leakage.min()),
        "wrong": float((decision.leaking_less & ~less[left]).any()),
        "found": float(less[chosen]) if less.any() else np.nan,
    }
    return Judged(front, int(chosen), numbers)


def recorded(name: str) -> tuple[Float[Array, " m"], Float[Array, " m"], Float[Array, " m"], Float[Array, " m"]]:
    """Return accuracies and leakages that a recorded study may have in truth, and the deviations of targets."""
    path, dataset, column = RECORDED[name]
    table = pd.read_csv(path)
    rows = table[(table["dataset"] == dataset) & (table.get("protocol", "halves") == "halves")]
    found = []
    for number in ("test_accuracy", column):
        means, targets = rows[number].to_numpy(float), rows["replicates"].to_numpy(float)
        variances = rows[f"{number}_sd"].to_numpy(float) ** 2
        if targets.max() < 4:  # too few for a deviation of each
            variances = np.full(len(rows), variances.mean())
        noise = np.array([[[(variances / targets).mean()]]])
        found.append((shrunken_means(means[None], noise)[0], np.sqrt(variances)))
    (accuracy, of_accuracy), (leakage, of_leakage) = found
    return accuracy, leakage, of_accuracy, of_leakage


def drawn(case: str, rng: np.random.Generator) -> MadeUp:
    """Draw a study of 32 targets: a made-up one, or a recorded one's targets anew."""
    if case in GAINS:
        return made_up(case, MOST, rng)
    accuracy, leakage, of_accuracy, of_leakage = recorded(case)
    noise = rng.normal(size=(2, len(accuracy), MOST))
    return MadeUp(
        accuracy,
        leakage,
        accuracy[:, None] + of_accuracy[:, None] * noise[0],
        leakage[:, None] + of_leakage[:, None] * noise[1],
    )


def studied(case: str, evenly: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    """Yield what each way of training one study is worth.

    Args:
        case: of `GAINS` or `RECORDED`.
        evenly: the targets of every configuration where networks are given evenly.
        rng: draws the study.
    """
    study, widened = drawn(case, rng), not case.startswith("cross")
    everybody = np.ones(len(study.accuracy), dtype=bool)
    ends = {rule: raced(study, least, widened=widened) for rule, least in RACES.items()}
    ends |= {rule: Raced(np.full(len(everybody), n), everybody) for rule, n in ((EVENLY, evenly), (FULL, MOST))}
    worth = {rule: judged(study, end, widened=widened) for rule, end in ends.items()}
    full = worth[FULL]
    for rule, found in worth.items():
        yield {
            "rule": rule,
            **found.numbers,
            "same_front": float((found.front == full.front).all()),
            "lost": float((full.front & ~ends[rule].is_in).sum() / full.front.sum()),
            "front_error_more": found.numbers["front_error"] - full.numbers["front_error"],
            "same_pick": float(found.chosen == full.chosen),
        }


def simulate(studies: int, seed: int = 0, cases: Sequence[str] = (*GAINS, *RECORDED)) -> pd.DataFrame:
    """Return the means over many studies: a row for each case and way of training.

    Args:
        studies: for each case; of the cross-product, which has many configurations, a tenth as many.
        seed: decides all of them.
        cases: those of `GAINS` and of `RECORDED` to draw.
    """
    tables = []
    for number, case in enumerate(cases):
        repeats = max(2, studies // 10) if case.startswith("cross") else studies
        rng = np.random.default_rng([seed, number])
        # What a race takes is not known before; a few others tell.
        tried = [raced(drawn(case, rng), 4, widened=not case.startswith("cross")) for _ in range(max(2, repeats // 10))]
        evenly = max(2, round(float(np.mean([end.targets.mean() for end in tried]))))
        found = pd.DataFrame([row for _ in range(repeats) for row in studied(case, evenly, rng)])
        by_rule = found.groupby("rule", sort=False)
        errors = _NORMAL * by_rule[["networks", "front_error_more"]].sem()
        means = by_rule.mean().join(errors.add_suffix("_error"))
        tables.append(means.reset_index().assign(case=case, studies=repeats))
    table = pd.concat(tables, ignore_index=True)
    return table[["case", "studies", *[column for column in table if column not in ("case", "studies")]]]


def plot(table: pd.DataFrame, path: Path) -> list[Path]:
    """Draw, for each case, what is trained, how often the front is that of all networks, and how wrong it is.

    Returns:
        The paths of the PNG and the SVG.
    """
    cases = list(dict.fromkeys(table["case"]))
    figure = new_figure(PAGE_WIDTH, 4.6)
    panels = figure.subplots(1, 3, sharey=True)
    places, key = np.arange(len(cases))[::-1], {}
    shifts = (0.27, 0.09, -0.09, -0.27)
    for shift, rule, marker, colour in zip(
        shifts, RULES, "osx^", ("#0072B2", "#E69F00", "#555555", "#009E73"), strict=True
    ):
        rows = table[table["rule"] == rule].set_index("case").loc[cases]
        style = {"marker": marker, "ms": 3.5, "lw": 0, "color": colour}
        key[f"{rule} networks" if rule == FULL else rule] = panels[0].errorbar(
            100 * rows["networks"], places + shift, xerr=100 * rows["networks_error"], elinewidth=1, **style
        )
        panels[1].plot(100 * rows["same_front"], places + shift, **style)
        panels[2].plot(rows["front_error"], places + shift, **style)
    panels[0].set_yticks(places, [f"three leak {case} less" if GAINS.get(case) else case for case in cases], fontsize=7)
    titles = ("networks, % of 32 for each", "same front as by all, %", "error of the front")
    for axes, title, right in zip(panels, titles, (105, 105, None), strict=True):
        axes.set_xlabel(title, fontsize=8)
        axes.set_xlim(0, right)
        axes.tick_params(axis="x", labelsize=7)
        axes.locator_params(axis="x", nbins=5)
    legend_below(figure, key, handle_length=1.5)
    return save_figure(figure, path)


def document(table: pd.DataFrame) -> str:
    """Return the table of docs/racing.md: for each case and race, what it trains and what that is worth."""
    rows = []
    for case, group in table.groupby("case", sort=False):
        by_rule = group.set_index("rule")
        for rule in RACES:
            row, both = by_rule.loc[rule], by_rule.loc[[rule, FULL]]
            shares = [
                " / ".join(f"{by_rule.loc[r, of]:.2f}" for r in (rule, EVENLY)) for of in ("same_front", "same_pick")
            ]
            more = f"{row['front_error_more']:+.4f} ± {row['front_error_more_error']:.4f}"
            regrets = [" / ".join(f"{value:.4f}" for value in both[f"{of}_regret"]) for of in ("accuracy", "leakage")]
            rates = [_both(both[of], digits) for of, digits in (("wrong", 3), ("found", 2))]
            networks = f"{100 * row['networks']:.0f} ± {100 * row['networks_error']:.0f} %"
            errors = [f"{by_rule.loc[FULL, 'front_error']:.4f}", more]
            of_front = [shares[0], f"{row['lost']:.3f}", *errors]
            rows.append([str(case), str(RACES[rule]), networks, *of_front, shares[1], *regrets, *rates])
    header = ["leakage", "from", "networks", "same front: race / evenly", "lost", "front's error", "more by the race"]
    header += ["same pick: race / evenly", "regret in accuracy: race / all", "in leakage", "wrong", "found"]
    return markdown_table(header, rows)


def _both(rates: "pd.Series[float]", digits: int) -> str:
    return MISSING if rates.isna().any() else " / ".join(f"{rate:.{digits}f}" for rate in rates)


def main() -> None:
    """Simulate, write the table and the plot, and print the documentation's table."""
    command(__doc__, HERE / "racing", simulate, plot, document, studies=400)


if __name__ == "__main__":
    main()
