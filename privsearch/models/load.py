"""A kept network, built again with the weights that it was trained to."""

from pathlib import Path

from privsearch._util.text import printable
from privsearch.errors import ConstructionError, StudyError
from privsearch.models import Network, RegisteredNetwork, build_network
from privsearch.spec.architecture import num_weights
from privsearch.spec.axes import BUILT_IN_MODELS
from privsearch.study.network_archive import KeptNetworks, load_networks

_FLOAT_BYTES = 4


def load_network(path: str | Path, index: int = 0) -> Network | RegisteredNetwork:
    """Load a kept network with its weights, in eval mode, on the CPU.

    On its inputs in the trial (`privsearch.sweep.splits.network_splits`: standardised tables, normalised images, NaN
    for padding), its logits are those of the trial's signals, to the bit on the same kind of processor with one thread.
    Where the trial has an encoding, its inputs are what `privsearch.models.encoding.Encoder` makes of these.

    Args:
        path: a file of kept networks, as for `load_networks`.
        index: the network's place among the trial's, in the order of their training: under `paper` the target of the
            first replicate, its shadow, the target of the second; under `halves` the networks in turn.

    Returns:
        A `torch.nn.Module` from a batch `(batch, *input_shape)` to logits `(batch, classes)`.

    Raises:
        StudyError: there is no such file or network, or the file is damaged or holds something else.
        SpecError: the network is of a registered model that is not registered in this process.
    """
    kept = load_networks(path)
    if not 0 <= index < len(kept.networks):
        raise StudyError(f"{path}: index must be from 0 to {len(kept.networks) - 1}, its networks, but got {index}")
    return build_kept(kept, index, str(path))


def build_kept(kept: KeptNetworks, index: int, where: str) -> Network | RegisteredNetwork:
    """Build one of some kept networks, with its weights, in eval mode.

    Args:
        kept: the networks.
        index: its place among them.
        where: the file that they are from, for the error message.

    Raises:
        StudyError: the weights are not those of the configuration.
        SpecError: the network is of a registered model that is not registered in this process.
    """
    try:
        return _built(kept, index)
    except (ConstructionError, ValueError, RuntimeError, AssertionError) as error:
        reason = printable(" ".join(str(error).split())[:300])
        raise StudyError(
            f"{where}: must hold the weights of its configuration, but: {reason}; export it again"
        ) from None


def _built(kept: KeptNetworks, index: int) -> Network | RegisteredNetwork:
    state = kept.networks[index].state_dict
    # Checked before anything is built: a stranger's file may claim a network larger than any memory. Only the function
    # of a registered model knows what its network needs.
    storages = [tensor.untyped_storage() for tensor in state.values()]
    num_bytes = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    shape, classes = kept.input_shape, kept.num_classes
    needed = num_weights(kept.spec, shape, classes) if kept.spec.model in BUILT_IN_MODELS and shape else 0
    if min(shape, default=0) < 1 or num_bytes < _FLOAT_BYTES * needed:
        raise ValueError(f"{classes} classes of examples of the shape {shape} need more weights than it has")
    network = build_network(kept.spec, kept.input_shape, kept.num_classes)
    network.load_state_dict(dict(state))
    return network.eval()
