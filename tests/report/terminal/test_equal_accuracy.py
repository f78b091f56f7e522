import io

from compared_trials import attacked, trial
from rich.console import Console

from privsearch.analysis.equal_accuracy import equal_accuracy_frame
from privsearch.analysis.margins import Margins
from privsearch.report.terminal.equal_accuracy import equal_accuracy_view
from privsearch.spec import LiraAttack, SvmAttack
from privsearch.study.result import Completed

NOISE = (-0.003, 0.001, 0.004, -0.002)


def family(first: str, offset: float, **fields: object) -> list[Completed]:
    return [
        trial(
            first + f"{epochs:015}",
            [accuracy + noise for noise in NOISE],
            [auc + offset - noise * (1 + offset) for noise in NOISE],
            epochs=epochs,
            **fields,
        )
        for epochs, accuracy, auc in ((5, 0.80, 0.51), (10, 0.85, 0.53), (20, 0.90, 0.58))
    ]


ANN, SNN = family("a", 0.0), family("b", 0.03, model="snn", weight_bit_width=4)


VARYING = ("model", "weight_bit_width", "epochs")


def printed(margins: Margins) -> list[str]:
    log = io.StringIO()
    found = equal_accuracy_frame(ANN[0], [SNN[1]], [*ANN, *SNN], margins=margins)
    Console(file=log, width=80, markup=False, highlight=False).print(
        equal_accuracy_view(ANN[0], [SNN[1]], found, VARYING)
    )
    return [line.rstrip() for line in log.getvalue().splitlines()]


def test_family_is_named_without_its_epochs() -> None:
    """One configuration stands for its family; the caption counts the members and has the range."""
    lines = printed(Margins())
    assert lines[0] == "iris: what differs from A, ANN fp32, at equal accuracy"
    assert any(line.split() == ["SNN", "w4", SNN[1].trial_id] for line in lines)
    text = " ".join(" ".join(lines).split())
    assert f"Trial {SNN[1].trial_id}: 3 members of A and 3 of B, both from a test accuracy of 0.800 to one of" in text
    assert max(map(len, lines)) <= 80


def test_ends_of_the_range_are_shown_beside_the_mean() -> None:
    """A difference that is another at low and at high accuracy is seen; only the mean has a p-value."""
    names = [line.partition(" +")[0].strip() for line in printed(Margins()) if "[" in line]
    assert names == ["worst AUC", "at 0.800", "at 0.900", "svm"]
    assert sum("shown, not tested" in line for line in printed(Margins())) == 2


def test_margin_is_told() -> None:
    """The test for equivalence has its column here as well."""
    lines = printed(Margins(0.05))
    assert "lies within 0.05 of 0" in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80


def test_attack_that_not_all_members_ran_is_named() -> None:
    """It is no part of the strongest, on either side."""
    spied = [attacked(t, {SvmAttack(): [0.5, 0.6, 0.55, 0.57], LiraAttack(): [0.6, 0.7, 0.65, 0.67]}) for t in SNN]
    found = equal_accuracy_frame(ANN[0], [spied[1]], [*ANN, *spied])
    log = io.StringIO()
    Console(file=log, width=80, markup=False, highlight=False).print(
        equal_accuracy_view(ANN[0], [spied[1]], found, VARYING)
    )
    assert f"Left out, as not all members ran it: {LiraAttack().name} of B." in " ".join(log.getvalue().split())
