from io import StringIO

import pytest
from builders import completed_of, make_completed
from rich.console import Console

from privsearch._util.interval import Interval
from privsearch.report.terminal.trial import attack_results_table, epoch_printer
from privsearch.report.wording.formats import MISSING
from privsearch.spec import HalvesProtocol, LiraAttack, PaperProtocol, Protocol, RmiaAttack, SvmAttack
from privsearch.study.result import Completed, Epoch

FOUR_HALVES = HalvesProtocol(networks=4)


def console() -> Console:
    return Console(file=StringIO(), width=80)


def printed(result: Completed) -> list[str]:
    output = console()
    with output.capture() as captured:
        output.print(attack_results_table(result))
    return captured.get().splitlines()


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        (PaperProtocol(), ["replicate 1  target", "replicate 2  shadow"]),
        (FOUR_HALVES, ["network 1", "network 4"]),
    ],
)
def test_epochs_are_printed_as_they_pass(protocol: Protocol, names: list[str]) -> None:
    """A line names the network and the epoch from 1, as a person counts; a role it has under `paper` alone."""
    output = console()
    listener = epoch_printer(output, protocol)
    with output.capture() as captured:
        listener(0, 0, Epoch(loss=1.25, accuracy=0.5))
        listener(3, 9, Epoch(loss=0.125, accuracy=0.75))
    assert captured.get().splitlines() == [
        f"{names[0]}  epoch   1  loss 1.2500  training accuracy 0.5000",
        f"{names[1]}  epoch  10  loss 0.1250  training accuracy 0.7500",
    ]


def test_table_has_a_row_for_every_target_and_attack() -> None:
    """Below the accuracies of target and shadow stand each attack's numbers, and the excess over the placebo."""
    lines = printed(make_completed(accuracy=0.9, auc=0.55, attacks=(SvmAttack(), SvmAttack(per_class=True))))
    assert max(map(len, lines)) <= 80
    assert f"Trial {'a' * 16}, 1.5 s" in lines[0]
    numbers = ["0.200", "0.100", "+0.020"]
    first, second = ["~0.540", "[0.490,", "0.590]", *numbers], ["0.560", "[0.510,", "0.610]", *numbers]
    assert [line.split() for line in lines if line.lstrip().startswith(("target ", "shadow ", "svm"))] == [
        ["target", "1", "0.890", "0.890"],
        ["shadow", "1", "0.890", "0.890"],
        ["svm", *first],
        ["svm_per_class", *first],
        ["target", "2", "0.910", "0.910"],
        ["shadow", "2", "0.910", "0.910"],
        ["svm", *second],
        ["svm_per_class", *second],
    ]


def test_table_of_halves_has_no_shadow_and_no_placebo() -> None:
    """Networks that are all targets have a row each, and attacks no columns that are always empty."""
    lines = printed(make_completed(protocol=FOUR_HALVES, attacks=(LiraAttack(), RmiaAttack(mode="offline"))))
    text = "\n".join(lines)
    assert not any(word in text for word in ("shadow", "placebo", "excess"))
    assert sum(line.lstrip().startswith("target ") for line in lines) == 4
    assert sum(line.startswith("  rmia_offline") for line in lines) == 4
    assert max(map(len, lines)) <= 80


def test_noise_floor_stands_beside_each_auc() -> None:
    """An AUC that guessing could give is marked, one beyond is not, and the caption has the floor."""
    lines = printed(make_completed(auc=0.62))
    assert [line.split()[1] for line in lines if line.startswith("  svm")] == ["0.610", "0.630"]
    assert max(map(len, lines)) <= 80


def test_tpr_is_at_the_finest_rate_that_all_have() -> None:
    """A rate that one target has too few examples for is not shown for the others either."""
    result = make_completed()
    first, second = result.replicates
    finer = first.attacks["svm"].model_copy(
        update={"tpr_at_fpr": {"1e-1": Interval(0.3, 0.2, 0.4), "1e-2": Interval(0.05, 0.0, 0.1), "1e-3": None}}
    )
    able = tuple(replicate.model_copy(update={"attacks": {"svm": finer}}) for replicate in (first, second))
    for replicates, rate, value in (((able[0], second), "1e-1", "0.300"), (able, "1e-2", "0.050")):
        lines = printed(result.model_copy(update={"replicates": replicates}))
        assert f"at {rate}" in "\n".join(lines)
        assert next(line for line in lines if line.startswith("  svm")).split()[4] == value


def test_number_that_the_examples_cannot_carry_is_a_dash() -> None:
    """Too few examples leave gaps in a row, and the caption says why."""
    bare = {"tpr_at_fpr": {"1e-1": None}, "advantage": None, "epsilon_low": None}
    result = completed_of("a" * 16, [0.9], [0.6], make_completed(protocol=FOUR_HALVES).spec)
    (replicate,) = result.replicates
    attack = replicate.attacks["svm"].model_copy(update=bare)
    lines = printed(
        result.model_copy(update={"replicates": (replicate.model_copy(update={"attacks": {"svm": attack}}),)})
    )
    row = next(line for line in lines if line.startswith("  svm"))
    assert row.split() == ["svm", "0.600", "[0.550,", "0.650]", *[MISSING] * 3]
    assert f"{MISSING}: too few examples" in "\n".join(lines)
