import io

import pytest
from builders import make_completed, not_learnt
from compared_trials import QUIET, A, attacked
from rich.console import Console

from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.differences import differences_frame
from privsearch.analysis.frames import configurations_frame
from privsearch.analysis.margins import Margins
from privsearch.report.terminal.differences import differences_view
from privsearch.report.wording.formats import MISSING
from privsearch.spec import HalvesProtocol, LabelOnlyAttack, LiraAttack, PaperProtocol
from privsearch.study.result import Completed

HALVES = HalvesProtocol(networks=4)
MORE_ACCURATE = "B is more accurate (significant)"
SPIKING = {"model": "snn", "surrogate_gradient": "spike_rate_escape"}


def printed(a: Completed, *others: Completed, column: str | None = None, margins: Margins | None = None) -> list[str]:
    log = io.StringIO()
    found = differences_frame(a, others, column, margins or Margins())
    varying = varying_axes(configurations_frame([a, *others]))
    Console(file=log, width=80, markup=False, highlight=False).print(differences_view(a, others, found, varying))
    return [line.rstrip() for line in log.getvalue().splitlines()]


def varied(trial: Completed, number: int) -> Completed:
    """The trial, with a test accuracy of its first target that no other number gives."""
    first, *rest = trial.replicates
    target = first.target.model_copy(update={"test_accuracy": 0.89 + number / 10_000})
    # The others make up for it, so that the mean stays.
    last = rest[-1].target.model_copy(update={"test_accuracy": 0.91 - number / 10_000})
    ends = first.model_copy(update={"target": target}), rest[-1].model_copy(update={"target": last})
    return trial.model_copy(update={"replicates": (ends[0], *rest[:-1], ends[1])})


def test_table_has_a_block_for_each_configuration() -> None:
    """A configuration has its name and id, then a line each for accuracy and leakage, all in 80 characters."""
    a = make_completed("a" * 16, protocol=HALVES)
    noisy = make_completed("b" * 16, protocol=HALVES, **SPIKING)
    targets = [
        r.model_copy(update={"target": r.target.model_copy(update={"test_accuracy": accuracy})})
        for r, accuracy in zip(noisy.replicates, (0.93, 0.95, 0.94, 0.96), strict=True)
    ]
    lines = printed(a, noisy.model_copy(update={"replicates": tuple(targets)}))
    rule = next(number for number, line in enumerate(lines) if line.startswith("─"))
    assert lines[0] == "iris: what differs from A, ANN"
    assert [line.split() for line in lines[rule + 1 : rule + 4]] == [
        ["SNN", "b" * 16],
        ["test", "accuracy", "+0.045", "[+0.032,", "+0.058]", "0.001", "4", *MORE_ACCURATE.split()],
        ["worst", "AUC", "+0.000", MISSING, MISSING, "4", *["no", "spread:", "no", "test"]],
    ]
    assert max(map(len, lines)) <= 80


def test_configurations_are_named_by_what_differs() -> None:
    """Where A is quantised, full precision has to be said of B."""
    lines = printed(make_completed(weight_bit_width=4, **SPIKING), make_completed("b" * 16, **SPIKING))
    assert lines[0] == "iris: what differs from A, SNN w4"
    assert any(line.split() == ["SNN", "fp32", "b" * 16] for line in lines)


@pytest.mark.parametrize(
    ("protocol", "words", "leakage"),
    [
        (HALVES, "The targets are one another's shadows", "worst AUC 0.550"),
        (PaperProtocol(replicates=3), "All replicates share one split", "svm excess AUC +0.020"),
        (
            PaperProtocol(replicates=3, resplit=True),
            "Every replicate draws a split of its own",
            "svm excess AUC +0.020",
        ),
    ],
)
def test_caption_says_what_the_numbers_are(protocol: HalvesProtocol | PaperProtocol, words: str, leakage: str) -> None:
    """A reader of the table alone knows A's numbers, what is corrected for what, and what chance is meant."""
    trials = [varied(make_completed(i * 16, protocol=protocol, epochs=e), e) for i, e in (("a", 1), ("b", 2), ("c", 3))]
    caption = " ".join(printed(*trials))
    assert f"A: trial {'a' * 16}, test accuracy 0.900, {leakage}." in caption
    assert "both corrected for all comparisons of a kind (2 of test accuracy" in caption
    assert words in caption
    assert "chance here is that of training and of drawing subsets, not of other data." in caption


def test_long_table_shows_those_that_leak_least() -> None:
    """Of many configurations the forty that leak least are shown, and p-values are corrected for all of them."""
    trials = [
        varied(make_completed(f"{k:016x}", protocol=HALVES, auc=0.6 - k / 1000, epochs=k + 1), k) for k in range(46)
    ]
    lines = printed(*trials)
    shown = [line.split()[-1] for line in lines if line.startswith("ANN epochs")]
    assert shown == [f"{k:016x}" for k in range(45, 5, -1)]
    caption = " ".join(lines)
    assert "Shown: the 40 of 45 configurations with the lowest worst AUC." in caption
    assert "both corrected for all comparisons of a kind (45 of test accuracy" in caption


def test_missing_number_is_a_dash() -> None:
    """Where B lacks the attack there is neither a difference nor a pair."""
    spec = make_completed(protocol=HALVES).spec
    b = make_completed("b" * 16, protocol=HALVES, epochs=3)
    others = tuple(r.model_copy(update={"attacks": {"loss": r.attacks["svm"]}}) for r in b.replicates)
    b = b.model_copy(
        update={
            "replicates": others,
            "across": {"loss": b.across["svm"]},
            "spec": spec.model_copy(update={"epochs": 3}),
        }
    )
    lines = printed(make_completed(protocol=HALVES), b, column="svm.auc")
    row = next(line for line in lines if line.startswith("  svm AUC"))
    assert row.split() == ["svm", "AUC", *[MISSING] * 3, "0", "number", "missing:", "no", "test"]


def test_strongest_attack_is_broken_down() -> None:
    """Each attack of both sides has a line; whoever had more to choose from is named, with what."""
    lira, labels, spikes = LiraAttack(), LabelOnlyAttack(), LiraAttack(signals="spike_counts")
    ann = attacked(A, {lira: [0.60, 0.62, 0.61, 0.63], labels: [0.55, 0.56, 0.57, 0.56]})
    snn = attacked(QUIET, {lira: [0.64, 0.67, 0.64, 0.67], labels: [0.55, 0.57, 0.56, 0.56], spikes: [0.7] * 4})
    lines = printed(ann, snn)
    names = [line.partition(" +")[0].strip() for line in lines if "[" in line]
    assert names == ["test accuracy", "worst AUC", "all attacks", lira.name, "label_only"]
    text = " ".join(" ".join(lines).split())
    assert "like for like, of the strongest attack among those that A and B both ran" in text
    assert f"B alone also ran {spikes.name}: in the line of all attacks that side chooses among more." in text
    assert max(map(len, lines)) <= 80


def test_attacks_of_many_are_left_out() -> None:
    """With more than four configurations the table stays short, and says how to see each attack."""
    trials = [make_completed(f"{k:016x}", protocol=HALVES, epochs=k + 1) for k in range(6)]
    lines = printed(*trials)
    assert not any(line.startswith("    svm") for line in lines)
    assert "Name up to 4 configurations to see the difference for each attack." in " ".join(lines)


def test_equivalence_has_a_column_if_it_was_asked_for() -> None:
    """The margin stands below the table, and that of accuracy where it is another."""
    lines = printed(A, QUIET, margins=Margins(0.02, 0.03))
    text = " ".join(" ".join(lines).split())
    assert "lies within 0.02 (test accuracy: 0.03) of 0" in text
    assert "equivalent within 0.03" in text
    assert max(map(len, lines)) <= 80
    assert not any("within" in line for line in printed(A, QUIET))


@pytest.mark.parametrize("idle", ["A", "B"])
def test_what_has_not_learnt_has_a_difference_and_no_verdict(idle: str) -> None:
    """The numbers stand there, without a corrected p-value, and the verdict says why."""
    a, b = make_completed("a" * 16, auc=0.6), make_completed("b" * 16, auc=0.5, model="snn")
    a, b = (not_learnt(a), b) if idle == "A" else (a, not_learnt(b))
    text = "\n".join(printed(a, b))
    assert f"{idle} has not learnt" in text
    assert MISSING in text
