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


def printed(results: list[TrialResult], width: int = 80) -> list[str]:
    """The tables as a log file of so many columns has them."""
    log = io.StringIO()
    console = Console(file=log, width=width)
    for table in audit_view(audit_table(results), width):
        console.print(table)
    return [line.rstrip() for line in log.getvalue().splitlines()]


def test_fair_audit_fits_on_one_line_each(audited: Audited) -> None:
    """Under `halves` it has accuracy, the strongest attack's AUC and its TPR, each with its interval, and its name."""
    results = [
        audited([0.6] * 4, [0.5] * 4),
        audited([0.5] * 4, [0.51] * 4, trial_id="b" * 16, **LONGEST),
        audited([0.5] * 4, [0.51] * 4, trial_id="c" * 16, model="snn"),
    ]
    lines = [" ".join(line.split()) for line in printed(results, 120)]
    assert lines[0] == "iris, halves: the strongest attack"
    ends = r"\[\.\d{3}, \.\d{3}\]"
    assert any(re.fullmatch(rf"ANN fp32 0.905 {ends} 0.600 {ends} svm 0.030 {ends}", line) for line in lines), lines
    longest = rf"SNN w4 spike_rate_escape 0.905 {ends} ~0.510 {ends} loss 0.030 {ends}"
    assert any(re.fullmatch(longest, line) for line in lines)


def test_intervals_go_below_where_a_line_is_short(audited: Audited) -> None:
    """In 80 columns no name is cut, and every number has its interval on the next line."""
    results = [
        audited([0.6] * 4, [0.5] * 4),
        audited([0.5] * 4, [0.51] * 4, trial_id="b" * 16, **LONGEST),
        audited([0.5] * 4, [0.51] * 4, trial_id="c" * 16, model="snn"),
    ]
    lines = printed(results)
    assert max(map(len, lines)) <= 80
    place = next(i for i, line in enumerate(lines) if line.startswith("SNN w4 spike_rate_escape "))
    assert lines[place].split()[3:] == ["0.905", "~0.510", "loss", "0.030"]
    assert lines[place + 1].count("[.") == 3


def test_captions_are_wider_than_a_narrow_table(audited: Audited) -> None:
    """What stands below a table is wrapped where the terminal ends, or at 80 columns."""
    results = [audited([0.6] * 3, [0.51] * 3, protocol="paper")]
    for width in (60, 80, 120):
        lines = printed(results, width)
        rule = next(line for line in lines if line.startswith("─"))
        below = lines[lines.index(rule) + 2 :]
        assert min(width, 80) - 15 < max(map(len, below)) <= min(width, 80)


def test_bound_on_epsilon_stands_where_coins_chose_the_members(audited: Audited) -> None:
    """Under `one_run` a line has the bound on epsilon beside the highest there could be, and the caption says so."""
    results = [
        audited([0.6], [0.5], protocol="one_run"),
        audited([0.6], [0.5], protocol="one_run", trial_id="b" * 16, **LONGEST),
        audited([0.6], [0.5], protocol="one_run", trial_id="c" * 16, model="snn"),
    ]
    lines = [" ".join(line.split()) for line in printed(results)]
    assert lines[0] == "iris, one_run: the strongest attack"
    longest = r"SNN w4 spike_rate_escape 0.900 0.600 \[\.5\d\d, \.6\d\d\] svm 0.00 of 1.5"
    assert any(re.fullmatch(longest, line) for line in lines), lines
    caption = " ".join(lines)
    assert "epsilon: nats, 95 % for all targets together; of the largest that can be shown." in caption
    assert "TPR" not in caption


def test_papers_protocol_has_its_placebo(audited: Audited) -> None:
    """Under `paper` a line has accuracy, and the matched AUC, the placebo and the excess, which add up."""
    lines = printed([audited([0.6] * 3, [0.51] * 3, protocol="paper")])
    assert lines[0] == "iris, paper: svm"
    expected = "ANN 0.903 [.889, .918] 0.520 ± 0.000 0.500 ± 0.000 +0.020 [.020, .020]"
    assert expected in [" ".join(line.split()) for line in lines]


def test_caption_says_how_to_read_the_numbers(audited: Audited) -> None:
    """The caption has the sample, the mark of guessing, and why a rate is missing."""
    few = audited([0.5] * 4, [0.5] * 4)
    attacks = {
        name: found.model_copy(update={"num_non_members": 60, "tpr_at_fpr": dict.fromkeys(found.tpr_at_fpr)})
        for name, found in few.replicates[0].attacks.items()
    }
    replicates = tuple(replicate.model_copy(update={"attacks": attacks}) for replicate in few.replicates)
    caption = " ".join(printed([few.model_copy(update={"replicates": replicates})]))
    assert "4 targets per configuration, each with 300 members and 60 non-members." in caption
    assert "~ not shown to be above guessing: the 95 % interval contains 0.5." in caption
    assert f"{MISSING} TPR at 1 % FPR: needs 200 non-members, has 60." in caption


def test_configuration_without_the_attack_keeps_its_line(audited: Audited, without: Without) -> None:
    """A trial that lacks the paper's attack has its accuracy and dashes, and the caption says why."""
    whole = audited([0.6] * 3, [0.51] * 3, protocol="paper")
    lacking = audited([0.6] * 3, [0.51] * 3, protocol="paper", trial_id="b" * 16, model="snn")
    lines = [" ".join(line.split()) for line in printed([whole, without(lacking, "svm")])]
    assert " ".join(["SNN 0.903 [.889, .918]", *[MISSING] * 3]) in lines
    assert any(line.startswith(f"{MISSING}: the attack cannot be run") for line in lines)
    assert not any(line.startswith(f"{MISSING}: the attack") for line in printed([whole]))
