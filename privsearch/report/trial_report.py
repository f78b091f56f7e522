"""One trial, told in full: its epochs as they pass, then every replicate's numbers."""

from rich.console import Console
from rich.table import Table

from privsearch.result import Completed, Epoch
from privsearch.training import EpochListener

ROLES = ("target", "shadow")


def epoch_printer(console: Console) -> EpochListener:
    """A listener that prints one line an epoch."""

    def print_epoch(network: int, epoch: int, measured: Epoch) -> None:
        replicate, role = divmod(network, len(ROLES))
        console.print(
            f"replicate {replicate + 1}  {ROLES[role]}  epoch {epoch + 1:3}  loss {measured.loss:.4f}  "
            f"training accuracy {measured.accuracy:.4f}",
            highlight=False,
        )

    return print_epoch


def trial_table(result: Completed) -> Table:
    """One row a replicate: accuracies of target and shadow, and each attack's AUC beside its placebo."""
    attacks = list(result.replicates[0].attacks)
    table = Table(
        *("replicate", "target train", "target test", "shadow train", "shadow test"),
        *(column for name in attacks for column in (f"{name} AUC", f"{name} placebo AUC")),
        title=f"Trial {result.trial_id}, {result.seconds:.1f} s",
        caption="Accuracies and AUCs are fractions.",
    )
    for number, replicate in enumerate(result.replicates, start=1):
        networks = (replicate.target, replicate.shadow)
        accuracies = [value for network in networks for value in (network.train_accuracy, network.test_accuracy)]
        aucs = [v for name in attacks for v in (replicate.attacks[name].auc, replicate.attacks[name].placebo_auc)]
        table.add_row(str(number), *(f"{value:.4f}" for value in (*accuracies, *aucs)))
    return table
