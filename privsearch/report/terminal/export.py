"""The files of an export, in words."""

from collections.abc import Iterator
from pathlib import Path

from privsearch._util.text import printable
from privsearch.sweep.export import Exported, Retrained

_MOST = 5
"""The most differing numbers that are listed."""


def export_lines(exported: Exported, study: Path) -> Iterator[str]:
    """Yield lines on the files, remarks on them, and the code that loads a network.

    Args:
        exported: the files of the export.
        study: the study's directory.
    """
    yield f"written: {exported.sweep_file}"
    yield from (f"note: {printable(note)}" for note in exported.notes)
    if exported.networks_file is None:
        yield (
            f"no networks: those of trial {exported.trial_id} were not kept in {study} (keep_networks); add --train to "
            "train this configuration once more and keep them"
        )
        return
    yield f"written: {exported.networks_file} ({exported.num_networks} networks)"
    if exported.retrained:
        yield _compared(exported.retrained)
    yield f"load one in Python:\n{exported.code}"


def _compared(retrained: Retrained) -> str:
    if retrained.equal:
        return "trained again: every number is the one recorded"
    why = f" ({retrained.changes})" if retrained.changes else ""
    shown = [f"{column} {was} -> {now}" for column, (was, now) in list(retrained.differing.items())[:_MOST]]
    more = len(retrained.differing) - _MOST
    return (
        f"warning: trained again{why}, the networks are not those recorded: {'; '.join(shown)}"
        f"{f'; and {more} more numbers' if more > 0 else ''}"
    )
