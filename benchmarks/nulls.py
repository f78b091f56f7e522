"""The null of every number of an audit, by simulation: `python -m benchmarks.nulls` writes `nulls.csv`.

Cohorts are made up whose networks' outputs owe nothing to membership: an example's outputs are those of its class, plus
what is its own and the same for every network, plus noise. So an attack may recognise examples, and there is nothing
else to find. They go the way of real ones, through `privsearch.attacks.protocols.audit` and the tables of
`privsearch.analysis`, for every protocol and for what may go wrong with data:

    alike           both splits are of one distribution
    shifted         the test split's outputs are shifted by a standard deviation
    uneven classes  nine in ten examples are of one class
    few             a quarter of the examples
    many            twice the examples, so that a rate of 0.01 can be resolved
    ties            outputs are rounded, so that many examples share a score
    persons         persons of 1 to 12 examples, whose outputs are much alike, are members as wholes
"""

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console

from privsearch.analysis.frames import results_frame
from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.audit import audit
from privsearch.data.grouped import Groups
from privsearch.report.wording.formats import MISSING, markdown_table
from privsearch.spec import WORST, Attack, Protocol, TrialSpec
from privsearch.spec.attacks import unmet_requirement
from privsearch.spec.columns import Column
from privsearch.study.cohort import Cohort
from privsearch.study.result import AUDIT_VERSION, Completed, TrainedNetwork
from privsearch.study.signals import Signals

HERE: Final = Path(__file__).parent
CASES: Final = ("alike", "shifted", "uneven classes", "few", "many", "ties", "persons")
PROTOCOLS: Final[dict[str, dict[str, object]]] = {
    "paper, one split": {"kind": "paper", "replicates": 3, "placebo_cuts": 10, "resplit": False},
    "paper, resplit": {"kind": "paper", "replicates": 3, "placebo_cuts": 10, "resplit": True},
    "halves": {"kind": "halves", "networks": 8},
    "one_run": {"kind": "one_run", "replicates": 3},
}
ATTACKS: Final = ("svm", "loss", "label_only", {"kind": "lira", "variance": "pooled"}, "lira", "rmia")
NUM_TRAIN, NUM_TEST, NUM_CLASSES, NUM_PERSONS = 240, 240, 3, 80


def null_cohort(case: str, protocol: Protocol, seed: int) -> Cohort:
    """Make up the cohort of a trial in which membership leaves no trace.

    Args:
        case: one of `CASES`.
        protocol: decides who is trained on what.
        seed: decides all that is random, but for the cohort's subsets: these are of the seed that the audit is given.
    """
    if case == "persons":
        return _null_cohort_of_persons(protocol, seed)
    rng = np.random.default_rng(seed)
    scale = {"few": 0.25, "many": 2.0}.get(case, 1.0)
    num_train, num_test = round(NUM_TRAIN * scale), round(NUM_TEST * scale)
    size = num_train + num_test
    shares = (0.9, 0.05, 0.05) if case == "uneven classes" else (1 / 3,) * NUM_CLASSES
    labels = np.concatenate([_labels(part, shares, rng) for part in (num_train, num_test)])
    rules = rules_of(protocol)
    subsets, _ = rules.draw_cohort(num_train, seed)
    own = rules.draw_splits(labels, num_train, seed)
    training = np.tile(np.arange(size) < num_train, (len(subsets), 1)) if own is None else own
    is_member = np.zeros((len(subsets), size), dtype=bool)
    for members, in_training, subset in zip(is_member, training, subsets, strict=True):
        members[np.flatnonzero(in_training)[subset]] = True
    logits = 1.5 * np.eye(NUM_CLASSES)[labels] + rng.normal(size=(size, NUM_CLASSES))
    if case == "shifted":
        logits[num_train:] += np.array([1.0, 0.0, 0.0])
    logits = logits + 0.3 * rng.normal(size=(len(subsets), size, NUM_CLASSES))
    if case == "ties":
        logits = logits.round()
    signals = Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(size), num_train)
    networks = tuple(TrainedNetwork(train_accuracy=0.9, test_accuracy=0.9, history=()) for _ in subsets)
    return Cohort(signals, networks)


def _null_cohort_of_persons(protocol: Protocol, seed: int) -> Cohort:
    """Make up such a cohort of 80 persons, four in five of whose examples are of the person's class."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(NUM_PERSONS), rng.integers(1, 13, size=NUM_PERSONS))
    size = len(units)
    labels = np.where(rng.random(size) < 0.2, rng.integers(NUM_CLASSES, size=size), units % NUM_CLASSES)
    groups = Groups(units, are_persons=True)
    is_test = groups.draw(size // 2, rng, labels=labels)
    order = np.argsort(is_test, kind="stable")
    units, labels, groups, num_train = units[order], labels[order], groups[order], int((~is_test).sum())
    rules = rules_of(protocol)
    own = rules.draw_splits(labels, num_train, seed, groups)
    training = np.tile(np.arange(size) < num_train, (protocol.networks, 1)) if own is None else own
    subsets, _ = rules.draw_cohort(num_train, seed, [groups[part] for part in training])
    is_member = np.zeros((len(subsets), size), dtype=bool)
    for members, in_training, subset in zip(is_member, training, subsets, strict=True):
        members[np.flatnonzero(in_training)[subset[: in_training.sum()]]] = True
    logits = 1.5 * np.eye(NUM_CLASSES)[labels] + rng.normal(size=(NUM_PERSONS, NUM_CLASSES))[units]
    noise = 0.3 * rng.normal(size=(len(subsets), NUM_PERSONS, NUM_CLASSES))[:, units]
    noise += 0.1 * rng.normal(size=(len(subsets), size, NUM_CLASSES))
    outputs = {("final_mem", "plain"): (logits + noise)[:, None]}
    signals = Signals(outputs, is_member, labels, np.arange(size), num_train, units=units)  # type: ignore[arg-type]
    networks = tuple(TrainedNetwork(train_accuracy=0.9, test_accuracy=0.9, history=()) for _ in subsets)
    return Cohort(signals, networks)


def _labels(size: int, shares: Iterable[float], rng: np.random.Generator) -> np.ndarray:
    """Draw classes, with at least three examples of each."""
    given = np.repeat(np.arange(NUM_CLASSES), 3)
    return rng.permutation(np.append(given, rng.choice(NUM_CLASSES, size - len(given), p=tuple(shares))))


def audited(case: str, protocol: str, seed: int, attacks: Iterable[object] = ATTACKS) -> Completed:
    """Audit a made-up cohort as a trial is audited."""
    fields = {"dataset": "iris", "model": "ann", "protocol": PROTOCOLS[protocol], "seed": seed}
    spec = TrialSpec.model_validate({**fields, "attacks": tuple(attacks)})
    fitting: tuple[Attack, ...] = tuple(a for a in spec.attacks if unmet_requirement(a, spec.protocol, "ann") is None)
    spec = spec.model_copy(update={"attacks": fitting})
    outcome = audit(null_cohort(case, spec.protocol, seed), spec)
    parts = {"replicates": outcome.replicates, "across": outcome.across, "refused": outcome.refused}
    return Completed(
        trial_id=f"{seed:016x}", spec=spec, dead=outcome.dead, seconds=0.0, audit_version=AUDIT_VERSION, **parts
    )


def null_table(repeats: int, cases: Iterable[str] = CASES, protocols: Iterable[str] = tuple(PROTOCOLS)) -> pd.DataFrame:
    """Return a row for each case, protocol and column: its mean over the cohorts, and what guessing gives.

    `mean` and `standard_error` are over `n` cohorts; `guess` is the null; `above` is the share of cohorts where an
    interval of 95 %, or a bound, lies above the null; missing where the column has none.
    """
    rows = []
    for case in cases:
        for protocol in protocols:
            frame = results_frame([audited(case, protocol, seed) for seed in range(repeats)])
            rows += [{"case": case, "protocol": protocol, **row} for row in _rows(frame)]
    return pd.DataFrame(rows)


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    for header in map(str, frame.columns):
        column = Column.parse(header)
        plain = column.number.removeprefix("placebo_").removeprefix("matched_")
        guess = 0.0 if column.number == "epsilon_low" else Column(column.attack, plain).guess
        if guess is None or column.number in ("auc_low", "auc_high"):
            continue
        values = frame[header].dropna().to_numpy(float)
        if not len(values):
            continue
        spread = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        low = column if column.number == "epsilon_low" else column.low
        above = float((frame[str(low)] > guess).mean()) if str(low) in frame else math.nan
        yield {
            "attack": column.attack,
            "number": column.number,
            "guess": guess,
            "mean": float(values.mean()),
            "standard_error": spread,
            "above": above,
            "n": len(values),
        }


SHOWN: Final = {
    "AUC": ("auc", "excess_auc"),
    "TPR at 10 % FPR": ("tpr_at_fpr_1e-1", "excess_tpr_at_fpr_1e-1"),
    "TPR at 1 % FPR": ("tpr_at_fpr_1e-2", "excess_tpr_at_fpr_1e-2"),
    "advantage": ("advantage", "excess_advantage"),
}
"""The numbers of the document's table: the number itself, or, under a protocol with a placebo, its excess."""


def at_null(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `null_table` that should be at their null: under a protocol with a placebo, the excesses.

    The numbers of the strongest attack are those of the highest of several AUCs, which lies above 0.5 if all guess. Its
    bound on epsilon is of examples that it was not chosen on.
    """
    with_placebo = table["protocol"].str.startswith("paper")
    highest = table["attack"].eq(WORST) & table["number"].ne("epsilon_low")
    return table[~with_placebo & ~highest | table["number"].str.startswith("excess_")]


def nulls_markdown(table: pd.DataFrame) -> str:
    """Return a row for each protocol and case: of each number the attack whose mean is furthest from its null.

    Where the strongest attack is to stand for privacy, its mean AUC follows, with the share of its intervals above 0.5.

    Args:
        table: of `null_table`.
    """
    lines = []
    highest = table[table["attack"].eq(WORST) & table["number"].eq("auc")].set_index(["protocol", "case"])
    for (protocol, case), rows in at_null(table).groupby(["protocol", "case"], sort=False):
        cells = [_furthest(rows[rows["number"].isin(names)]) for names in SHOWN.values()]
        above = rows[rows["number"].isin(("epsilon_low", "excess_auc")) & rows["above"].notna()]
        cells.append(f"{above['above'].mean():.3f}" if len(above) else MISSING)
        row = highest.loc[(protocol, case)]
        worst = f"{row['mean']:.3f} ± {row['standard_error']:.3f}; {row['above']:.3f}"
        lines.append([str(protocol), str(case), *cells, MISSING if str(protocol).startswith("paper") else worst])
    last = ["bound or interval above the null", "worst AUC; interval above 0.5"]
    return markdown_table(["protocol", "data", *SHOWN, *last], lines)


def _furthest(rows: pd.DataFrame) -> str:
    if rows.empty:
        return MISSING
    row = rows.iloc[int((rows["mean"] - rows["guess"]).abs().to_numpy().argmax())]
    return f"{row['mean']:.3f} ± {row['standard_error']:.3f} ({row['attack']})"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200, help="cohorts for each case and protocol")
    parser.add_argument("--case", choices=CASES, help="simulate one kind of data, and keep the rest of the table")
    arguments = parser.parse_args()
    table = null_table(arguments.repeats, [arguments.case] if arguments.case else CASES)
    if arguments.case:
        kept = pd.read_csv(HERE / "nulls.csv")
        table = pd.concat([kept[kept["case"] != arguments.case], table], ignore_index=True)
    table.round(5).to_csv(HERE / "nulls.csv", index=False)
    Console().print(nulls_markdown(table), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
