"""The files of an export, in words."""

from collections.abc import Iterator
from pathlib import Path

from privsearch._util.text import printable
from privsearch.sweep.export import Exported
from privsearch.sweep.standalone.folder import Standalone
from privsearch.sweep.standalone.readme import agreement_words
from privsearch.sweep.standalone.source import README
from privsearch.sweep.trained_again import Retrained

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
    if exported.networks_file is not None:
        yield f"written: {exported.networks_file} ({exported.num_networks} networks)"
    if exported.retrained:
        yield _compared(exported.retrained)
    if exported.standalone is not None:
        yield from _standalone_lines(exported.standalone)
    elif exported.networks_file is None:
        yield (
            f"no networks: those of trial {exported.trial_id} were not kept in {study} (keep_networks); add --retrain "
            "to train one network on all data, to use, or --train to train those of this configuration once more"
        )
    if exported.code is not None:
        yield f"load one in Python:\n{exported.code}"


def _standalone_lines(standalone: Standalone) -> Iterator[str]:
    count = len(standalone.numbers)
    networks = f"{count} network{'s' if count > 1 else ''}"
    yield f"written: {standalone.folder / README}: the folder runs without privsearch ({networks})"
    yield agreement_words(standalone.agreement)
    if standalone.graph_agreement:
        yield f"The graph in ONNX agrees to {standalone.graph_agreement.largest:.1e}."
    if standalone.on_all_data:
        yield (
            "It was trained on all data: what it leaks was not measured, and the numbers of its siblings, which were "
            "attacked, are an estimate."
        )


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
