from io import StringIO

from builders import make_completed
from rich.console import Console

from privsearch.report.trial_report import epoch_printer, trial_table
from privsearch.result import Epoch
from privsearch.spec import SvmAttack


def console() -> Console:
    return Console(file=StringIO(), width=80)


def test_epochs_are_printed_as_they_pass() -> None:
    """A line names the replicate, the role and the epoch from 1, as a person counts."""
    output = console()
    listener = epoch_printer(output)
    with output.capture() as captured:
        listener(0, 0, Epoch(loss=1.25, accuracy=0.5))
        listener(3, 9, Epoch(loss=0.125, accuracy=0.75))
    assert captured.get().splitlines() == [
        "replicate 1  target  epoch   1  loss 1.2500  training accuracy 0.5000",
        "replicate 2  shadow  epoch  10  loss 0.1250  training accuracy 0.7500",
    ]


def test_table_has_a_row_for_every_replicate_and_attack() -> None:
    """Each row holds the accuracies of target and shadow, and one attack's AUC, its placebo's and the excess."""
    result = make_completed(accuracy=0.9, auc=0.55, attacks=(SvmAttack(), SvmAttack(per_class=True)))
    output = console()
    with output.capture() as captured:
        output.print(trial_table(result))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert f"Trial {'a' * 16}, 1.5 s" in lines[0]
    assert [line.split() for line in lines if "svm" in line] == [
        ["1", "0.890", "0.890", "0.890", "0.890", "svm", "0.540", "0.500", "+0.020"],
        ["1", "0.890", "0.890", "0.890", "0.890", "svm_per_class", "0.540", "0.500", "+0.020"],
        ["2", "0.910", "0.910", "0.910", "0.910", "svm", "0.560", "0.500", "+0.020"],
        ["2", "0.910", "0.910", "0.910", "0.910", "svm_per_class", "0.560", "0.500", "+0.020"],
    ]
