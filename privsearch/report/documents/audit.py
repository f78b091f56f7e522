"""The audit of a study as files: a CSV for programs, Markdown for people."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from privsearch.analysis.audit import highest_mean_aucs, paper_attack
from privsearch.analysis.frames import exposed_frame, records, slices_frame
from privsearch.analysis.labels import NOTATION, TPRS, guessing_excess_words
from privsearch.analysis.promises import has_promise
from privsearch.report.wording.audit import (
    COINS_WORDS,
    EPSILON_WORDS,
    EXCESS_WORDS,
    PLACEBO_WORDS,
    adding_up,
    auc_words,
    clearest_excess_words,
    epsilon_words,
    excess_words,
    left_out,
    missing_words,
    notes,
    percent,
    with_interval,
)
from privsearch.report.wording.blind import blind_lines
from privsearch.report.wording.formats import MISSING, markdown_table
from privsearch.report.wording.groups import group_lines
from privsearch.report.wording.odd_outputs import odd_output_warnings
from privsearch.report.wording.promises import promise_cells, promise_words
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.spec.protocol_spec import ProtocolSpec
from privsearch.study.result import TrialResult

_EXPOSED: Final = 10
"""The number of most exposed examples in the document; the study's exposed.csv has all examples."""


def write_audit(
    folder: Path, results: Iterable[TrialResult], table: pd.DataFrame, verdicts: Iterable[str] = ()
) -> list[Path]:
    """Write `audit.csv`, the table of `audit_table`, and `audit.md`, a document to read.

    Args:
        folder: the folder to write to, created if missing.
        results: the results of a study.
        table: the table of `audit_table` for these results.
        verdicts: the verdict on each dataset, in a sentence.

    Returns:
        The two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    csv, markdown = folder / "audit.csv", folder / "audit.md"
    table.to_csv(csv, index=False)
    markdown.write_text(audit_markdown(results, table, verdicts), encoding="utf-8")
    return [csv, markdown]


def audit_markdown(results: Iterable[TrialResult], table: pd.DataFrame, verdicts: Iterable[str] = ()) -> str:
    """Return for each dataset and protocol all attacks, the strongest in full, slices, and the most exposed examples.

    Args:
        results: the results of a study.
        table: the table of `audit_table` for these results.
        verdicts: the verdict on each dataset, in a sentence.
    """
    results = list(results)
    slices, exposed = slices_frame(results), exposed_frame(results)
    protocols = {result.trial_id: result.spec.protocol for result in results}
    told = "\n".join(f"- {verdict}" for verdict in verdicts)
    parts = [
        "# Audit",
        told,
        *group_lines(results),
        *left_out(results),
        *blind_lines(results),
        *odd_output_warnings(results),
    ]
    for (dataset, kind), rows in table.groupby(["dataset", "protocol"], sort=False):
        protocol = protocols[rows["trial_id"].iloc[0]]
        parts += [f"## {dataset}, {kind}", *attack_parts(rows, protocol, slices)]
        # Of a member that all targets share, nobody knows how it scores as a non-member.
        parts += [] if protocol.targets_share_examples else _most_exposed(rows, exposed)
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def attack_parts(rows: pd.DataFrame, protocol: ProtocolSpec, slices: pd.DataFrame) -> list[str]:
    """Return what the attacks found on configurations of one dataset under one protocol, in paragraphs and tables.

    Args:
        rows: their rows in the table of `audit_table`.
        protocol: the protocol.
        slices: the table of `slices_frame`.
    """
    measured = [*_placebos(rows), *_leading(rows)] if protocol.has_placebo else [*_worst(rows, protocol)]
    return [*_aucs(rows, protocol), *measured, *_slices(rows, slices)]


def _aucs(rows: pd.DataFrame, protocol: ProtocolSpec) -> Iterator[str]:
    attacks = rows["attack"].unique().tolist()
    yield "AUC of every attack."
    yield _pivot(rows, attacks, auc_words)
    yield " ".join([*notes(rows, protocol), NOTATION])


def _placebos(rows: pd.DataFrame) -> Iterator[str]:
    def cell(row: Mapping[str, Any]) -> str:
        return MISSING if pd.isna(row["placebo_auc"]) else _sum(row, "auc")

    yield "AUC of every attack with as many members as the placebo has, less the placebo's: the excess."
    yield _pivot(rows, [attack for attack in rows["attack"].unique() if attack != WORST], cell)
    ends = zip(rows["excess_auc_low"], rows["excess_auc_high"], strict=True)
    yield " ".join([PLACEBO_WORDS, EXCESS_WORDS, *guessing_excess_words(ends), *clearest_excess_words(rows)])


def _leading(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the decisions of the attack that stands for the protocol, each beside its placebo."""
    attack = paper_attack(rows)
    named = {"advantage": "advantage", **{name: f"TPR at {percent(name)} FPR" for name in TPRS}}
    shown = [name for name in named if rows[str(Column(None, name).placebo)].notna().any()]
    if not shown:
        return
    of_attack = rows[rows["attack"] == attack]
    yield (
        f"What `{attack}` decides: the number on all examples; then that with as many members as the placebo has, less "
        "the placebo."
    )
    yield markdown_table(
        ["configuration", "test accuracy", *(named[name] for name in shown)],
        [
            [
                *(row["configuration"], with_interval(row, "test_accuracy")),
                *(_beside_placebo(row, name) for name in shown),
            ]
            for row in records(of_attack)
        ],
    )
    yield (
        "Advantage: TPR less FPR. Thresholds are chosen on one half of the examples and judged on the other. The "
        "number on all examples holds recognition; the sum behind it is at the placebo's sample size. There is no "
        "bound on epsilon, as members are of one split and non-members of the other: membership is not random."
    )


def _beside_placebo(row: Mapping[str, Any], name: str) -> str:
    if pd.isna(row[str(Column(None, name).placebo)]):
        return with_interval(row, name)
    return f"{with_interval(row, name)}; {_sum(row, name)}"


def _sum(row: Mapping[str, Any], name: str) -> str:
    """Write a number with as many members as the placebo has, the placebo, and the excess, as the sum that they are."""
    matched, placebo = adding_up(row, name)
    return f"{matched} - {placebo} = {excess_words(row, name)}"


def _pivot(rows: pd.DataFrame, attacks: list[str], cell: Any) -> str:
    """Return a Markdown table with configurations as rows and attacks as columns."""
    lines = []
    for _, trial_rows in rows.groupby("trial_id", sort=False):
        by_attack = {row["attack"]: row for row in records(trial_rows)}
        cells = [cell(by_attack[attack]) if attack in by_attack else MISSING for attack in attacks]
        lines.append([trial_rows["configuration"].iloc[0], *cells])
    return markdown_table(["configuration", *attacks], lines)


def _worst(rows: pd.DataFrame, protocol: ProtocolSpec) -> Iterator[str]:
    worst = rows[rows["attack"] == WORST]
    if worst.empty:
        return
    rates = [f"TPR at {percent(name)} FPR" for name in TPRS]
    header = ["configuration", "test accuracy", "attack", "AUC", *rates, "advantage", "epsilon"]
    header += ["epsilon promised"] if has_promise(worst) else []
    lines = [
        [
            *(row["configuration"], with_interval(row, "test_accuracy"), row["strongest"], auc_words(row)),
            *(with_interval(row, name) for name in (*TPRS, "advantage")),
            epsilon_words(row["epsilon_low"], row["epsilon_ceiling"]),
            *(promise_cells(row)[:1] if has_promise(worst) else ()),
        ]
        for row in records(worst)
    ]
    yield "The strongest attack (worst)."
    yield markdown_table(header, lines)
    reasons = {name: missing_words(worst, name) for name in TPRS}
    yield " ".join(
        [
            *(f"{MISSING} TPR at {percent(name)} FPR: {reason}." for name, reason in reasons.items() if reason),
            "attack: the one with the highest mean AUC; TPRs, advantage and their intervals are its own. Advantage: "
            "TPR less FPR at a threshold chosen on other examples; 0 on average for guessing. Epsilon: "
            f"{EPSILON_WORDS}; a bound of 95 % for all targets together, the median of their bounds of 97.5 %.",
            *promise_words(worst),
            *([COINS_WORDS] if protocol.has_independent_coins else []),
            "The interval of the accuracy: Student's t over the networks.",
        ]
    )


def _slices(rows: pd.DataFrame, slices: pd.DataFrame) -> Iterator[str]:
    lines = []
    for row in records(highest_mean_aucs(rows)):
        is_of_row = (slices["trial_id"] == row["trial_id"]) & (slices["attack"] == row["attack"])
        measured = slices[is_of_row].dropna(subset="auc")
        of = dict(zip(measured["slice"], measured["auc"], strict=True))
        classes = sorted((name for name in of if name.startswith("class ")), key=of.__getitem__)
        shown = [f"{of[name]:.3f} ({name})" for name in (classes[-1], classes[0])] if classes else [MISSING] * 2
        right = [f"{of[name]:.3f}" if name in of else MISSING for name in ("correct", "wrong")]
        lines.append([row["configuration"], row["attack"], f"{row['auc']:.3f}", *shown, *right])
    yield (
        "Who is exposed: the AUC within classes, and within right and wrong classifications, of the attack with the "
        "highest mean AUC."
    )
    yield markdown_table(
        [*("configuration", "attack", "all"), *("most exposed class", "least exposed class", "correct", "wrong")], lines
    )
    yield (
        "Means over the targets that have members and non-members in the slice. The attack was chosen on these very "
        "data, so its numbers are a little too high. The most and the least exposed class "
        "are extremes of several numbers, and a slice has fewer examples than the whole: expect more noise."
    )


def _most_exposed(rows: pd.DataFrame, exposed: pd.DataFrame) -> Iterator[str]:
    best = highest_mean_aucs(rows)[["trial_id", "attack"]]
    # Of an example that all targets were trained on, nobody knows how it scores as a non-member.
    examples = exposed[exposed["not_trained"] > 0].merge(best, on=["trial_id", "attack"])
    if examples.empty:
        return
    summed = ["accused", "trained", "falsely_accused", "not_trained"]
    counts = examples.groupby(["row", "label"])[summed].sum().assign(listed=examples.groupby(["row", "label"]).size())
    counts["share"] = counts["accused"] / counts["trained"]
    counts = counts.sort_values(["listed", "share"], ascending=False, kind="stable").head(_EXPOSED).reset_index()
    lines = [
        [
            *(str(row["row"]), str(row["label"]), str(row["listed"])),
            f"{row['accused']} of {row['trained']}",
            f"{row['trained'] / 10:.1f}",
            f"{row['falsely_accused']} of {row['not_trained']}",
        ]
        for row in records(counts)
    ]
    yield f"The most exposed examples, by the attack with the highest mean AUC on each configuration ({len(best)})."
    header = ["row", "class", "configurations", "accused when trained on", "by guessing", "accused when not"]
    yield markdown_table(header, lines)
    yield (
        "row: in the training data as they were read, from 0; of a person, the first. configurations: in how many the "
        "example is among the 20 most exposed. accused: targets of these configurations where it scores above nine in "
        "ten of the non-members. "
        "by guessing: how many of those trained on it a guess would accuse, one in ten. These are the extremes of all "
        "examples, by attacks chosen on the same data; and as the configurations share subsets and seeds, their "
        "trainings are not independent, and the counts say less than as many independent ones would."
    )
