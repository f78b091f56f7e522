import io
import re
from collections.abc import Callable

from rich.console import Console

from privsearch.analysis.audit import audit_table
from privsearch.report.terminal.audit import audit_view
from privsearch.report.wording.formats import MISSING
from privsearch.study.result import Completed, TrialResult

Audited = Callable[..., Completed]
Without = Callable[[Completed, str], Completed]
LONGEST = {"model": "snn", "surrogate_gradient": "spike_rate_escape", "weight_bit_width": 4}


def printed(results: list[TrialResult]) -> list[str]:
    """The tables as a log file of 80 columns has them."""
    log = io.StringIO()
    console = Console(file=log, width=80)
    for table in audit_view(audit_table(results)):
        console.print(table)
    return [line.rstrip() for line in log.getvalue().splitlines()]


def test_fair_audit_fits_on_one_line_each(audited: Audited) -> None:
    """Under `halves` a line has accuracy, the strongest attack's AUC with its interval, its name and its TPR."""
    results = [
        audited([0.6] * 4, [0.5] * 4),
        audited([0.5] * 4, [0.51] * 4, trial_id="b" * 16, **LONGEST),
        audited([0.5] * 4, [0.51] * 4, trial_id="c" * 16, model="snn"),
    ]
    lines = [" ".join(line.split()) for line in printed(results)]
    assert lines[0] == "iris, halves: the strongest attack"
    assert any(re.fullmatch(r"ANN fp32 0.905 0.600 \[0.5\d\d, 0.6\d\d\] svm 0.030", line) for line in lines)
    longest = r"SNN w4 spike_rate_escape 0.905 ~0.510 \[0.4\d\d, 0.5\d\d\] loss 0.030"
    assert any(re.fullmatch(longest, line) for line in lines)


def test_bound_on_epsilon_stands_where_coins_chose_the_members(audited: Audited) -> None:
    """Under `one_run` a line has the bound on epsilon beside the highest there could be, and the caption says so."""
    results = [
        audited([0.6], [0.5], protocol="one_run"),
        audited([0.6], [0.5], protocol="one_run", trial_id="b" * 16, **LONGEST),
        audited([0.6], [0.5], protocol="one_run", trial_id="c" * 16, model="snn"),
    ]
    lines = [" ".join(line.split()) for line in printed(results)]
    assert lines[0] == "iris, one_run: the strongest attack"
    longest = r"SNN w4 spike_rate_escape 0.900 0.600 \[0.5\d\d, 0.6\d\d\] svm 0.00 of 1.5"
    assert any(re.fullmatch(longest, line) for line in lines), lines
    caption = " ".join(lines)
    assert "epsilon: nats, 95 % for all targets together; of the largest that can be shown." in caption
    assert "TPR" not in caption


def test_papers_protocol_has_its_placebo(audited: Audited) -> None:
    """Under `paper` a line has accuracy, and the matched AUC, the placebo and the excess, which add up."""
    lines = printed([audited([0.6] * 3, [0.51] * 3, protocol="paper")])
    assert lines[0] == "iris, paper: svm"
    assert "ANN 0.903 0.520 0.500 +0.020 [+0.020, +0.020]" in [" ".join(line.split()) for line in lines]


def test_caption_says_how_to_read_the_numbers(audited: Audited) -> None:
    """The caption has the sample, the mark of guessing, and why a rate is missing."""
    few = audited([0.5] * 4, [0.5] * 4)
    attacks = {
        name: found.model_copy(update={"num_non_members": 60, "tpr_at_fpr": dict.fromkeys(found.tpr_at_fpr)})
        for name, found in few.replicates[0].attacks.items()
    }
    replicates = tuple(replicate.model_copy(update={"attacks": attacks}) for replicate in few.replicates)
    caption = " ".join(printed([few.model_copy(update={"replicates": replicates})]))
    assert "4 targets a configuration, each with 300 members and 60 non-members." in caption
    assert "~ not above guessing: the 95 % interval holds 0.5." in caption
    assert f"{MISSING} TPR at 1 % FPR: needs 200 non-members, has 60." in caption


def test_configuration_without_the_attack_keeps_its_line(audited: Audited, without: Without) -> None:
    """A trial that lacks the paper's attack has its accuracy and dashes, and the caption says why."""
    whole = audited([0.6] * 3, [0.51] * 3, protocol="paper")
    lacking = audited([0.6] * 3, [0.51] * 3, protocol="paper", trial_id="b" * 16, model="snn")
    lines = [" ".join(line.split()) for line in printed([whole, without(lacking, "svm")])]
    assert " ".join(["SNN 0.903", *[MISSING] * 3]) in lines
    assert any(line.startswith(f"{MISSING}: the attack cannot be run") for line in lines)
    assert not any(line.startswith(f"{MISSING}: the attack") for line in printed([whole]))
