"""The number of trials that a search needs, by sampler, on a grid that is known: `python -m benchmarks.samplers`.

`cross_grid.csv` has every configuration of the tabular cross-product (`everything` in sweeps/cross.yaml: 384 on each of
two datasets, three replicates each). It was trained when the membranes of spiking networks were quantised otherwise,
those of the readout too (`privsearch.spec.axes.FIRST_STATE`): the sweep file gives other numbers today. As a grid to
search it serves all the same; of quantised membranes it says nothing any more.

A search over the same space proposes configurations and receives their outcomes from that file: the very code that
`privsearch sweep` runs, but for the training. New configurations are counted, as a budget counts them, until the
hypervolume of those tried reaches 95 % of the whole grid's; then with other seeds.

Against the worst possible outcome, accuracy 0 and AUC 1, nearly any configuration covers 95 % of the grid's
hypervolume. The hypervolume is therefore measured against the worst accuracy and the worst AUC in the grid.
"""

import argparse
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import moocore
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.stats import bootstrap, mannwhitneyu

from privsearch.analysis.frames import records
from privsearch.report.figures.palette import GREY
from privsearch.report.figures.style import PAGE_WIDTH, legend_below, new_figure, save_figure
from privsearch.spec import Search
from privsearch.spec.sweep_file import read_sweep
from privsearch.sweep.search.proposer import Proposer
from privsearch.sweep.search.space import SearchSpace, point_key

HERE: Final = Path(__file__).parent
GRID: Final = HERE / "cross_grid.csv"
SWEEP: Final = HERE.parent / "sweeps" / "cross.yaml"
OBJECTIVES: Final = {"test_accuracy": "maximize", "svm.auc": "minimize"}
SAMPLERS: Final = ("random", "brute_force", "tpe", "nsga2", "nsga3")
"""The samplers but gp, which takes no space in which an axis has an effect on some points only."""
COLOURS: Final = dict(zip(SAMPLERS, ("#595959", "#56B4E9", "#D55E00", "#009E73", "#CC79A7"), strict=True))
"""The colours of Okabe and Ito 2008."""
REACHED: Final = 0.95
DRAWN: Final = 150
"""The number of first trials whose hypervolumes are drawn."""


@dataclass(frozen=True)
class Landscape:
    """The outcomes of all configurations on one dataset.

    Attributes:
        dataset: the dataset's name.
        losses: `(n, 2)`: the objectives of every configuration, with signs such that less is better.
        outcomes: by configuration, the objectives that a search receives, and the row of `losses`.
        space: the configurations.
        search: the search block of a sweep file over these configurations, without its sampler.
    """

    dataset: str
    losses: np.ndarray
    outcomes: Mapping[tuple[Any, ...], tuple[Mapping[str, float], int]]
    space: SearchSpace
    search: Mapping[str, Any]

    @property
    def share(self) -> float:
        """The hypervolume of all configurations."""
        return self.volume(self.losses)

    def volume(self, losses: np.ndarray) -> float:
        """Compute the hypervolume of some configurations, against the worst accuracy and the worst AUC of all."""
        return float(moocore.hypervolume(losses, ref=self.losses.max(axis=0)))


@dataclass(frozen=True)
class Run:
    """A search with one sampler and seed.

    Attributes:
        dataset: the dataset's name.
        sampler: the sampler's name.
        seed: the seed of the sampler's draws.
        trials: the number of new configurations until 95 % of the grid's hypervolume was reached.
        repeats: the number of proposals until then that repeated a configuration.
        shares: the share of the grid's hypervolume after each of the first trials.
    """

    dataset: str
    sampler: str
    seed: int
    trials: int
    repeats: int
    shares: tuple[float, ...]


def landscape(dataset: str) -> Landscape:
    """Load the grid of one dataset, with its outcomes."""
    sweep = read_sweep(SWEEP)
    grid = {axis: list(values) for axis, values in sweep.grids["everything"].items()}
    space = SearchSpace({axis: tuple(values) for axis, values in grid.items()}, "fcnet", sweep.axes_for(dataset))
    table = pd.read_csv(GRID).query("dataset == @dataset")
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in OBJECTIVES.values()]
    losses = table[list(OBJECTIVES)].to_numpy() * signs
    rows = {tuple(row[axis] for axis in grid): i for i, row in enumerate(records(table))}
    outcomes = {}
    for axes in space.points():
        i = rows[tuple(axes[axis] for axis in grid)]
        outcomes[point_key(axes)] = dict(zip(OBJECTIVES, losses[i] * signs, strict=True)), i
    assert len(outcomes) == len(table) == space.size
    return Landscape(dataset, losses, outcomes, space, {"space": grid, "trials": len(table)})


def run_search(dataset: str, sampler: str, seed: int) -> Run:
    """Search until 95 % of the grid's hypervolume is covered, and for at least as many trials as are drawn."""
    grid = landscape(dataset)
    search = Search.model_validate({**grid.search, "sampler": sampler})
    proposer = Proposer(search, grid.space, OBJECTIVES, seed)
    tried: list[int] = []
    shares: list[float] = []
    reached = repeats = 0
    while (len(shares) < DRAWN or not reached) and (proposal := proposer.ask()):
        if not proposal.fresh:
            continue
        outcome, place = grid.outcomes[point_key(proposal.axes)]
        proposer.tell(proposal.number, outcome)
        tried.append(place)
        shares.append(grid.volume(grid.losses[tried]) / grid.share)
        if not reached and shares[-1] >= REACHED:
            reached, repeats = len(tried), proposer.counts["repeat"]
    assert reached, "the whole grid has all of the grid's hypervolume"
    return Run(dataset, sampler, seed, reached, repeats, tuple(shares[:DRAWN]))


def run_all(datasets: Sequence[str], seeds: int) -> list[Run]:
    """Run every sampler on every dataset, with `seeds` seeds each."""
    orders = [*product(datasets, SAMPLERS, range(seeds))]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(run_search, *zip(*orders, strict=True)))


def summary(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Yield a row for each dataset and sampler: its trials to 95 %, and its comparison with random."""
    for dataset, sampler in dict.fromkeys((run.dataset, run.sampler) for run in runs):
        matching = [run for run in runs if (run.dataset, run.sampler) == (dataset, sampler)]
        trials = [run.trials for run in matching]
        random = [run.trials for run in runs if (run.dataset, run.sampler) == (dataset, "random")]
        low, middle, high = np.quantile(trials, [0.25, 0.5, 0.75])
        ratio = bootstrap(
            (random, trials), _ratio_of_medians, vectorized=False, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        yield {
            "dataset": dataset,
            "sampler": sampler,
            "seeds": len(matching),
            "median": middle,
            "quartile_low": low,
            "quartile_high": high,
            "least": min(trials),
            "most": max(trials),
            "repeats": statistics.median(run.repeats for run in matching),
            "times_as_fast": _ratio_of_medians(random, trials),
            "ratio_low": ratio.low,
            "ratio_high": ratio.high,
            "p_against_random": math.nan if sampler == "random" else mannwhitneyu(trials, random).pvalue,
        }


def _ratio_of_medians(random: Sequence[int], trials: Sequence[int]) -> float:
    return float(np.median(random) / np.median(trials))


def table_of(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay out the summary for a terminal or a document."""
    table = Table("dataset", "sampler", "trials to 95 %", "quartiles", "range", "repeats", "against random", "p", "n")
    for row in rows:
        ratio = f"{row['times_as_fast']:.2f}x ({row['ratio_low']:.2f}-{row['ratio_high']:.2f})"
        table.add_row(
            row["dataset"],
            row["sampler"],
            f"{row['median']:.0f}",
            f"{row['quartile_low']:.0f}-{row['quartile_high']:.0f}",
            f"{row['least']}-{row['most']}",
            f"{row['repeats']:.0f}",
            "" if row["sampler"] == "random" else ratio,
            "" if row["sampler"] == "random" else f"{row['p_against_random']:.2g}",
            str(row["seeds"]),
        )
    return table


def plot(runs: Sequence[Run], path: Path) -> list[Path]:
    """Draw the share of the grid's hypervolume after each trial: medians over the seeds, the quartiles as bands."""
    datasets = list(dict.fromkeys(run.dataset for run in runs))
    figure = new_figure(PAGE_WIDTH, 3.0)
    key: dict[str, Any] = {}
    for axes, dataset in zip(figure.subplots(1, len(datasets), sharey=True, squeeze=False).flat, datasets, strict=True):
        for sampler in SAMPLERS:
            shares = np.array([run.shares for run in runs if (run.dataset, run.sampler) == (dataset, sampler)])
            low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75], axis=0)
            steps = np.arange(1, shares.shape[1] + 1)
            axes.fill_between(steps, low, high, color=COLOURS[sampler], alpha=0.12, lw=0)
            (key[sampler],) = axes.plot(steps, middle, color=COLOURS[sampler], lw=1.4)
        key["95 %"] = axes.axhline(REACHED, color=GREY, lw=0.8, ls="--")
        axes.set_title(f"{dataset}: {len(shares)} seeds, 384 configurations", loc="left", fontsize=9)
        axes.set_xlabel("trials", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.set_ylim(0.5, 1.01)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("share of the grid's hypervolume", fontsize=9)
    legend_below(figure, key, handle_length=1.5)
    return save_figure(figure, path)


def main() -> None:
    """Run every sampler, print the table, and write the table and the plot."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.samplers", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--seeds", type=int, default=20, help="searches of each sampler on each dataset (20)")
    parser.add_argument("--output", type=Path, default=HERE, help="where samplers.csv, .png and .svg go")
    arguments = parser.parse_args()
    runs = run_all(["iris", "breast_cancer"], arguments.seeds)
    rows = list(summary(runs))
    Console(width=140).print(table_of(rows))
    pd.DataFrame(rows).to_csv(arguments.output / "samplers.csv", index=False, float_format="%.4g")
    for path in plot(runs, arguments.output / "samplers"):
        Console().print(f"written: {path}")


if __name__ == "__main__":
    main()
