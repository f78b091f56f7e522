"""One trial, told in full: its epochs as they pass, then every replicate's numbers."""

from rich import box
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
    """One row a replicate and attack: accuracies of target and shadow, the AUC, the placebo's, and the excess."""
    table = Table(
        "replicate",
        *(f"{role}\n{split}" for role in ROLES for split in ("train", "test")),
        *("attack", "AUC", "placebo\nAUC", "excess\nAUC"),
        title=f"Trial {result.trial_id}, {result.seconds:.1f} s",
        caption="Accuracies and AUCs are fractions.",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )
    for number, replicate in enumerate(result.replicates, start=1):
        networks = (replicate.target, replicate.shadow)
        shown = [f"{value:.3f}" for network in networks for value in (network.train_accuracy, network.test_accuracy)]
        for name, attack in replicate.attacks.items():
            aucs = f"{attack.auc:.3f}", f"{attack.placebo_auc:.3f}", f"{attack.excess_auc:+.3f}"
            table.add_row(str(number), *shown, name, *aucs)
    return table
