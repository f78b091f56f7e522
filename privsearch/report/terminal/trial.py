"""One trial in full: its epochs as they pass, then the numbers of every target."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table

from privsearch._util.numerals import fixed, signed
from privsearch.analysis.labels import auc_mark, guessing_words, turned_words
from privsearch.analysis.learning import not_learnt_alive
from privsearch.analysis.metrics import FPRS, rate_key
from privsearch.models.training import EpochListener
from privsearch.report.wording.audit import EPSILON_WORDS, EXCESS_MEANING, PLACEBO_WORDS, epsilon_words
from privsearch.report.wording.blind import blind_lines
from privsearch.report.wording.formats import MISSING, console_table
from privsearch.report.wording.learning import DEAD, NOT_LEARNT
from privsearch.report.wording.odd_outputs import odd_output_warnings
from privsearch.report.wording.promises import trial_words
from privsearch.spec import Protocol
from privsearch.spec.protocol_spec import ROLES
from privsearch.study.attack_result import AttackResult
from privsearch.study.result import Completed, Epoch, Replicate


def epoch_printer(console: Console, protocol: Protocol) -> EpochListener:
    """Return a listener that prints one line an epoch, for networks trained under `protocol`."""

    def print_epoch(network: int, epoch: int, measured: Epoch) -> None:
        console.print(
            f"{protocol.network_name(network)}  epoch {epoch + 1:3}  loss {measured.loss:.4f}  "
            f"training accuracy {measured.accuracy:.4f}",
            highlight=False,
        )

    return print_epoch


def attack_results_table(result: Completed) -> Table:
    """For each target the accuracies of its networks, then one row an attack.

    An attack has its AUC with DeLong's interval, marked where guessing could give it, the TPR at the finest FPR that
    all targets have examples for, the advantage, and the bound on epsilon beside the largest that the examples can
    show; under a protocol with a placebo, the excess over the placebo instead of epsilon. Below stands which
    networks are dead, which attacks could not be run, and the blind baselines, if the trial needs them.
    """
    attack_results = [attack for replicate in result.replicates for attack in replicate.attacks.values()]
    fpr = _finest_fpr(attack_results)
    table = console_table(
        "network, train\nand test accuracy",
        *("AUC,\n95 % interval", f"TPR\nat {fpr}", "advan-\ntage"),
        *(("excess\nAUC",) if result.spec.protocol.has_placebo else ("epsilon,\nat most",)),
        title=f"Trial {result.trial_id}, {result.seconds:.1f} s",
        caption="\n".join(_notes(result, attack_results)),
        gap=1,
    )
    for number, replicate in enumerate(result.replicates, start=1):
        for row in _accuracies(number, replicate):
            table.add_row(row)
        for name, attack in replicate.attacks.items():
            table.add_row(f"  {name}", *_cells(attack, fpr))
    return table


def _notes(result: Completed, attack_results: Sequence[AttackResult]) -> Iterator[str]:
    if attack_results:
        one = attack_results[0]
        yield (
            f"Fractions, of each target's {one.num_members} members and {one.num_non_members} non-members. "
            f"{MISSING}: too few examples. {_last_columns(result)}"
        )
        yield from guessing_words((attack.auc.low, attack.auc.high) for attack in attack_results)
        yield from turned_words(attack.auc.high for attack in attack_results)
    for network in result.dead or ():
        yield f"Dead: {result.spec.protocol.network_name(network)} {DEAD}."
    if count := not_learnt_alive(result):
        others = "other networks" if result.dead else "networks"
        yield (
            f"Not learnt: {count} of the {others} above. Such a network {NOT_LEARNT}; that it leaks nothing proves "
            "nothing."
        )
    for attack, reason in result.refused.items():
        yield f"{attack} could not be run: {reason}."
    yield from trial_words(result)
    yield from blind_lines([result])
    yield from odd_output_warnings([result])


def _last_columns(result: Completed) -> str:
    """Explain the columns that depend on the protocol."""
    if result.spec.protocol.has_placebo:
        return f"{PLACEBO_WORDS} {EXCESS_MEANING} TPR and advantage hold recognition of examples too."
    return f"Epsilon: {EPSILON_WORDS}, at a confidence of 0.975."


def _finest_fpr(attack_results: Iterable[AttackResult]) -> str:
    """Return the finest false positive rate at which every result has a number; the finest of all if there is none."""
    rates = [attack.tpr_at_fpr for attack in attack_results]
    if not rates:
        return rate_key(min(FPRS))
    return max(reversed(rates[0]), key=lambda fpr: all(tprs[fpr] for tprs in rates))


def _accuracies(number: int, replicate: Replicate) -> Iterator[str]:
    for role, network in zip(ROLES, (replicate.target, replicate.shadow), strict=True):
        if network:
            told = (
                network.balanced_accuracy is not None and abs(network.balanced_accuracy - network.test_accuracy) > 0.02
            )
            balanced = f" ({network.balanced_accuracy:.3f} balanced)" if told else ""
            yield f"{role} {number}  {network.train_accuracy:.3f} {network.test_accuracy:.3f}{balanced}"


def _cells(attack: AttackResult, fpr: str) -> Iterator[str]:
    mark = auc_mark(attack.auc.low, attack.auc.high)
    yield f"{mark}{attack.auc.value:.3f} [{attack.auc.low:.3f}, {attack.auc.high:.3f}]"
    tpr = attack.tpr_at_fpr[fpr]
    yield f"{tpr.value:.3f}" if tpr else MISSING
    yield fixed(attack.advantage.value) if attack.advantage else MISSING
    if attack.placebo and attack.matched:
        yield signed(attack.matched.auc - attack.placebo.auc)
    else:
        yield epsilon_words(attack.epsilon_low, attack.epsilon_ceiling)
