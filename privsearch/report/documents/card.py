"""The model card of one configuration, with its audit: Markdown with the front matter that Hugging Face reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from privsearch._util.disk import replace_file
from privsearch._util.text import printable
from privsearch.analysis.audit import audit_table
from privsearch.analysis.frames import records, slices_frame
from privsearch.analysis.labels import plain
from privsearch.analysis.tasks import tasks
from privsearch.data import describe_dataset
from privsearch.errors import DataError, StudyError
from privsearch.report.documents.audit import attack_parts
from privsearch.report.wording.audit import auc_words, excess_words, left_out, with_interval
from privsearch.report.wording.blind import blind_lines
from privsearch.report.wording.formats import markdown_table
from privsearch.report.wording.odd_outputs import odd_output_warnings
from privsearch.report.wording.verdict import verdict_lines
from privsearch.spec import WORST
from privsearch.spec.dump import dump_yaml
from privsearch.study.content import StudyContent
from privsearch.study.result import Completed

_UNKNOWN: Final = (
    "An attack that was not run may find more: every number here is a lower bound on what somebody could find out.",
    "The numbers are those of these networks, trained by this recipe on these data. Fewer examples or more epochs leak "
    "more, and a network that is trained again is another one.",
    "Membership alone was attacked. Whether examples, or attributes of persons, can be reconstructed was not measured.",
    "The attacks see what a network answers, and not its weights. Whoever has a network's file has these too.",
    "Accuracy is that on a test split of the same data. Of data from elsewhere, of fairness between groups and of "
    "inputs that are meant to deceive nothing is known.",
)


def write_card(to: Path, content: StudyContent, result: Completed) -> Path:
    """Write the model card of a trial, and return its file.

    Args:
        to: the file, or the folder in which it is called after the trial; created if missing.
        content: the content of the study.
        result: a completed trial of it.

    Raises:
        StudyError: the trial has no number of any attack.
    """
    path = to if to.suffix == ".md" else to / f"{result.trial_id}.md"
    text = card_markdown(content, result)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text)
    return path


def card_markdown(content: StudyContent, result: Completed) -> str:
    """Return the model card of a trial.

    Rows of the data that an attack finds best are not on it, as a card is published.

    Args:
        content: the content of the study.
        result: a completed trial of it.

    Raises:
        StudyError: the trial has no number of any attack, or a network of it has not learnt.
    """
    table = audit_table(content.results)
    rows = table[table["trial_id"] == result.trial_id]
    if rows.empty:
        why = " ".join(left_out([result])) or "none of its attacks has been run"
        raise StudyError(f"{result.trial_id}: a card must have what the attacks found, but there is nothing: {why}")
    name = f"{rows['configuration'].iloc[0]} on {result.spec.dataset_name}"
    parts = [
        f"---\n{dump_yaml(_front_matter(name, result, rows))}---",
        f"# {name}",
        *_summary(result, rows),
        "## What it is",
        *_configuration(content, result),
        "## Accuracy",
        *_accuracy(result, rows),
        "## What the attacks found",
        *_attacks(result),
        *attack_parts(rows, result.spec.protocol, slices_frame([result])),
        *left_out([result]),
        *blind_lines([result]),
        *odd_output_warnings([result]),
        "## The choice",
        *_choice(content, result),
        "## What is not known",
        "\n".join(f"- {sentence}" for sentence in _UNKNOWN),
        "## Where the numbers come from",
        *_origin(result),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _front_matter(name: str, result: Completed, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the metadata of Hugging Face's hub (https://huggingface.co/docs/hub/model-cards)."""
    dataset = result.spec.dataset_name
    task = {"type": _task(result), "name": "classification"}
    metrics = [metric for row in records(rows) for metric in _metrics(row)]
    # The accuracy stands in the row of each attack.
    distinct = list({metric["name"]: metric for metric in metrics}.values())
    measured = {"task": task, "dataset": {"name": dataset, "type": dataset}, "metrics": distinct}
    return {
        "library_name": "privsearch",
        "tags": ["membership-inference", "privacy", "spiking-neural-network"][: 2 + (result.spec.model == "snn")],
        "model-index": [{"name": name, "results": [measured]}],
    }


def _task(result: Completed) -> str:
    try:
        network = describe_dataset(result.spec.dataset).network
    except DataError:  # the data need not be at hand
        return "other"
    return "image-classification" if network == "convnet" else "tabular-classification"


def _metrics(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    accuracy = _metric("Test accuracy", row, "test_accuracy")
    yield {"type": "accuracy", "value": row["test_accuracy"], "name": accuracy}
    attack = f"{WORST} ({row['strongest']})" if row["attack"] == WORST else row["attack"]
    auc = _metric(f"AUC of membership inference by {attack}", row, "auc")
    yield {"type": "auc", "value": row["auc"], "name": auc}


def _metric(words: str, row: Mapping[str, Any], name: str) -> str:
    ends = [row[f"{name}_{end}"] for end in ("low", "high")]
    between = "" if pd.isna(ends[0]) else f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}, "
    return f"{words} ({between}{row['targets']} networks)"


def _summary(result: Completed, rows: pd.DataFrame) -> Iterator[str]:
    by_attack = {row["attack"]: row for row in records(rows)}
    row = by_attack.get(WORST) or max(by_attack.values(), key=lambda row: float(row["auc"]))
    attack = row["strongest"] or row["attack"]
    yield (
        f"Test accuracy {with_interval(row, 'test_accuracy')}. The strongest of the attacks that ran, `{attack}`, "
        f"tells members of the training data from others with an AUC of {auc_words(row)}, where guessing gives 0.5. "
        f"Means over {len(result.replicates)} networks with 95 % intervals; {row['num_members']} members and "
        f"{row['num_non_members']} non-members of each network were attacked, each {_a(row['unit'])}."
    )
    if result.spec.protocol.has_placebo and not pd.isna(by_attack[attack]["excess_auc"]):
        yield (
            "Under this protocol part of an AUC is recognition of examples. What is left of it beyond a placebo is "
            f"{excess_words(by_attack[attack], 'auc')}."
        )


def _code(text: str) -> str:
    """Return a text of a record, which a stranger may have written, as one that no viewer takes for more than text."""
    return f"`{printable(' '.join(text.split())).replace('`', chr(39))}`"


def _a(unit: str) -> str:
    return f"{'an' if unit[0] in 'aeiou' else 'a'} {unit}"


def _configuration(content: StudyContent, result: Completed) -> Iterator[str]:
    axes = {axis: value for axis, value in result.spec.axes().items() if value is not None}
    kinds = {"ann": "A conventional network (ANN)", "snn": "A spiking network (SNN)"}
    kind = kinds.get(result.spec.model, f"A network of the model {result.spec.model}")
    sweep = f" of the sweep `{content.sweep.name}`" if content.sweep else ""
    yield (
        f"{kind}, trial `{result.trial_id}`{sweep}. What is not named is at full precision, takes the whole split, or "
        "has no effect."
    )
    yield markdown_table(["axis", "value"], [[f"`{axis}`", f"`{plain(value)}`"] for axis, value in axes.items()])


def _accuracy(result: Completed, rows: pd.DataFrame) -> Iterator[str]:
    row = records(rows)[0]
    names = {"test_accuracy": "test", "train_accuracy": "training", "accuracy_gap": "training less test"}
    lines = [[words, with_interval(row, name)] for name, words in names.items()]
    yield markdown_table(["accuracy on", "mean [95 % interval]"], lines)
    yield f"Fractions; {len(result.replicates)} networks, Student's t over them."


def _attacks(result: Completed) -> Iterator[str]:
    ran = ", ".join(f"`{name}`" for name in result.across)
    yield f"Protocol `{result.spec.protocol.kind}`, seed {result.spec.seed}. These attacks ran: {ran}."
    for name, reason in result.refused.items():
        yield f"`{name}` was asked for and could not be run: {_code(reason)}."


def _choice(content: StudyContent, result: Completed) -> Iterator[str]:
    mine = [task for task in tasks(content.results, content.sweep, content.rounds) if _has(task.rows, result)]
    lines: Sequence[str] = [*verdict_lines(mine)]
    yield "Among the configurations of its study, by `privsearch pick`:" if lines else "Nothing was compared with it."
    yield from lines


def _has(rows: pd.DataFrame, result: Completed) -> bool:
    return bool((rows["trial_id"] == result.trial_id).any())


def _origin(result: Completed) -> Iterable[str]:
    yield f"Trained and audited by privsearch, as {_code('; '.join(result.environments))}."
    yield (
        f"The same sweep, seed and machine give the same numbers; `privsearch export STUDY {result.trial_id}` writes "
        "the sweep file of this configuration."
    )
