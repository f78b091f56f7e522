"""The README of an exported network: what it is, how accurate, what it leaks, and what it saw."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privsearch._util.interval import Interval
from privsearch._util.numerals import fixed, signed
from privsearch._util.text import printable
from privsearch.analysis.frames import completed_numbers
from privsearch.analysis.intervals import spread_interval
from privsearch.analysis.labels import quantity
from privsearch.spec.columns import EPSILON, Column
from privsearch.spec.export_formats import GraphFormat
from privsearch.study.result import Completed
from privsearch.sweep.standalone.agreement import TOLERANCE, Agreement
from privsearch.sweep.standalone.code import environment
from privsearch.sweep.standalone.retrained import OnAllData

_ATTACK_NUMBERS = ("auc", "excess_auc", "tpr_at_fpr_1e-2", EPSILON)
"""The numbers of each attack that are shown."""


@dataclass(frozen=True)
class Readme:
    """The facts that the README is written from.

    Attributes:
        title: the configuration and its dataset.
        study: the study's folder.
        result: the trial.
        rules: how examples become inputs.
        sizes: the number of training examples of each network, by its number.
        num_train: the number of examples in a training split.
        agreement: how the program agrees with the networks; None if that could not be seen.
        files: each file with a sentence.
        graph: the format of a graph beside the program, and how it agrees; None if there is none.
        on_all: the network that was trained on all data, if it is that.
    """

    title: str
    study: str
    result: Completed
    rules: Mapping[str, Any]
    sizes: Mapping[int, int]
    num_train: int
    agreement: Agreement | None
    files: Sequence[tuple[str, str]]
    on_all: OnAllData | None = None
    graph: tuple[GraphFormat, Agreement] | None = None

    def text(self) -> str:
        """Return the README in Markdown."""
        spiking, kind = self.result.spec.model == "snn", self.rules["kind"]
        words = {
            "title": self.title,
            "what": self._what(),
            "trial_id": self.result.trial_id,
            "study": f"`{' '.join(printable(self.study).split())}`",
            "requirements": "torch snntorch safetensors numpy" if spiking else "torch safetensors numpy",
            "example_file": "rows.csv" if kind == "table" else "examples.npy",
            "example_call": _example_call(self.rules),
            "input_words": _input_words(self.rules),
            "numbers": list(self.sizes),
            "agreement": agreement_words(self.agreement),
            "graph": graph_words(*self.graph) if self.graph else "",
            "measured_on": self._measured_on(),
            "numbers_table": list(self._numbers()),
            "leak_words": self._leak_words(),
            "saw_words": self._saw_words(),
            "saw_table": [] if self.on_all else list(self.sizes.items()),
            "of_words": f"{self.num_train:,} of the training split",
            "give_away": self._give_away(),
            "files": self.files,
        }
        return environment().get_template("README.md.j2").render(**words)

    def _what(self) -> str:
        kinds = {"table": "rows of a table", "images": "images", "sequences": "sequences", "frames": "frames over time"}
        network = "spiking network" if self.result.spec.model == "snn" else "network"
        classes = len(self.rules["classes"])
        return f"A {network} that tells {classes} classes of {kinds[self.rules['kind']]} apart."

    def _measured_on(self) -> str:
        count, kind = len(self.result.replicates), self.result.spec.protocol.kind
        networks = f"{count} network{'s' if count > 1 else ''}"
        if self.on_all:
            return (
                "**None of these numbers is its own, but for those that say so.** They are of its siblings: "
                f"{networks} of the same configuration, attacked under the protocol `{kind}`."
            )
        return f"Measured on {networks} of this configuration under the protocol `{kind}`, not on one alone."

    def _numbers(self) -> Iterator[tuple[str, str, str]]:
        if self.on_all:
            yield "accuracy of this network where it was trained", fixed(self.on_all.measured.train_accuracy), ""
            if self.on_all.has_test_accuracy:
                yield "accuracy of this network on the test split", fixed(self.on_all.measured.test_accuracy), ""
        targets = [replicate.target for replicate in self.result.replicates]
        for name, values in (
            ("test accuracy", [target.test_accuracy for target in targets]),
            ("training accuracy", [target.train_accuracy for target in targets]),
        ):
            interval = spread_interval(values)
            yield name, fixed(sum(values) / len(values)), _between(interval)
        numbers = completed_numbers(self.result)
        for column in map(Column.parse, numbers):
            value = numbers[str(column)]
            if column.attack is None or column.number not in _ATTACK_NUMBERS or value is None:
                continue
            if column.number == EPSILON and not value:  # nothing was shown
                continue
            ends = numbers.get(str(column.low)), numbers.get(str(column.high))
            shown = "" if None in ends else _between(Interval(value, *ends))  # type: ignore[arg-type]
            yield quantity(str(column)), (signed if column.is_excess else fixed)(value), shown

    def _leak_words(self) -> str:
        words = (
            "An AUC of 0.5 is what guessing gives to an attacker who wants to know who was in the training data; 1 "
            "would be certainty. The intervals are about the choice of networks and examples, not about attacks that "
            "nobody has run. `worst` is the strongest of the attacks."
        )
        if promise := self.result.replicates[0].target.dp if not self.on_all else self.on_all.measured.dp:
            words += (
                f" It was trained with differential privacy: epsilon {promise.epsilon:g} at delta {promise.delta:g}."
            )
        if self.on_all:
            words += (
                " What this network leaks was not measured, as an attack is judged by examples that a network was not "
                "trained on. The numbers of its siblings are an estimate."
            )
        return words

    def _saw_words(self) -> str:
        if self.on_all:
            test = ", but for the test split that the data bring" if self.on_all.has_test_accuracy else ""
            return (
                f"This network was trained on all {len(self.on_all.splits.y_train):,} examples of the data{test} "
                f"(seed {self.on_all.seed})."
            )
        protocol = self.result.spec.protocol
        match protocol.kind:
            case "halves":
                return (
                    "Each network was trained on a random half of the training split. Which half, an attack has to "
                    "find out."
                )
            case "one_run":
                wrong = (
                    " **Some of its labels were made wrong on purpose (`canaries`): it is for audits, not for use.**"
                    if getattr(protocol, "canaries", False)
                    else ""
                )
                return f"For each audited example a fair coin decided whether a network was trained on it.{wrong}"
            case _:
                return "Each network is a target of an attack; the shadows that the attacker trains are not among them."

    def _give_away(self) -> str:
        names = [name for name, _ in self.files if name.endswith(".pt") or name == "training_rows.json"]
        if not names:
            return "Whoever has this network can attack it."
        listed = " and ".join(f"`{name}`" for name in names)
        several = (
            " Several networks together may tell more than the numbers above, which are of one each: give away one."
            if len(self.sizes) > 1
            else ""
        )
        return (
            f"**Before you give this folder away**, take out {listed}: they say which rows a network was trained on, "
            f"so that nobody need attack it.{several}"
        )


def agreement_words(agreement: Agreement | None) -> str:
    """Return a sentence on how the program agrees with the network that was audited."""
    if agreement is None:
        return "Its answers were not held against the network that was audited, as no example was at hand."
    count = f"{agreement.num_examples} example{'s' if agreement.num_examples > 1 else ''} of the test split"
    if not agreement.num_differing:
        return (
            f"At its export its logits were those of the network that was trained, on {count}: the largest difference "
            f"was {agreement.largest:.1e}."
        )
    return (
        f"At its export its logits were those of the network that was trained, to {TOLERANCE:g}, on all but "
        f"{agreement.num_differing} of {count}; {agreement.num_other_class} of these had another class. Membranes of "
        "theirs come so close to the threshold that the rounding of a sum decides whether a neuron fires."
    )


def graph_words(graph_format: GraphFormat, agreement: Agreement) -> str:
    """Return sentences on a graph in ONNX: what runs it, what it takes, and how it agrees."""
    runs = {
        "onnx": "has standard operators of ONNX alone: onnxruntime runs it, on batches of any size",
        "qonnx": "has the operator `Quant` of QONNX, and takes one example at a time",
    }[graph_format]
    return (
        f"A network's `.onnx` {runs}. Its `inputs` are what `model.prepare` returns, its `logits` differed by at most "
        f"{agreement.largest:.1e} on {agreement.num_examples} examples of the test split."
    )


def _between(interval: Interval | None) -> str:
    return "" if interval is None else f"{fixed(interval.low)} to {fixed(interval.high)}"


def _example_call(rules: Mapping[str, Any]) -> str:
    if rules["kind"] != "table":
        return f"array  # of shape {tuple(rules['shape'])}"
    shown = [f"{json.dumps(column['name'], ensure_ascii=False)}: ..." for column in rules["columns"][:2]]
    return f"{{{', '.join(shown)}{', ...' if len(rules['columns']) > 2 else ''}}}"


def _input_words(rules: Mapping[str, Any]) -> str:
    match rules["kind"]:
        case "table":
            names = ", ".join(f"`{column['name']}`" for column in rules["columns"][:20])
            rest = f" and {len(rules['columns']) - 20} more" if len(rules["columns"]) > 20 else ""
            header = (
                "a header with"
                if rules["has_names"] and "file_columns" not in rules
                else "in this order, without a header,"
            )
            return (
                f"The file has {header} the columns {names}{rest}; values are those of the data, not scaled, and "
                "categories are spelt as in training."
            )
        case "images":
            values = (
                "of type uint8, 0 to 255" if "scaling" in rules else "with values on the scale of the training data"
            )
            return f"The file is NumPy's: images of shape {tuple(rules['shape'])} (channels, height, width), {values}."
        case "sequences":
            return (
                f"The file is NumPy's: examples of shape {tuple(rules['shape'])} (time, features), not scaled; one "
                "that ends earlier has fewer steps, or NaN from there on."
            )
        case _:
            return (
                f"The file is NumPy's: examples of shape {tuple(rules['shape'])} (time, channels, height, width); one "
                "that ends earlier has fewer steps, or NaN from there on."
            )
