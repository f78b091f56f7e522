"""Trained networks of anybody's, asked about examples."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float

from privsearch._util.text import cut
from privsearch.errors import DataError

_BATCH: Final = 512
"""The examples that a network is asked about at a time."""

Asked = Callable[[torch.Tensor], Any]


def ask_networks(
    networks: Iterable[Any], x: Any
) -> tuple[Float[np.ndarray, "networks examples classes"], Bool[np.ndarray, "networks examples"]]:
    """Ask networks about examples, in evaluation mode and without gradients.

    Args:
        networks: each network, a module or a function of a batch, with the rows that it was trained on: indices or a
            mask `(examples,)`.
        x: `(examples, ...)`, numbers.

    Returns:
        Their answers, and who was a member of which network.

    Raises:
        DataError: there is no network, rows are none of `x`, a network fails, or answers with something else than a row
            of numbers for each example.
    """
    inputs = torch.as_tensor(np.asarray(x), dtype=torch.float32)
    answers, members = [], []
    try:
        pairs = [(network, rows) for network, rows in networks]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"networks: there must be pairs of a network and the rows that it was trained on, but: {error}"
        ) from None
    if not pairs:
        raise DataError("networks: there must be one network at least, with the rows that it was trained on")
    for number, (network, rows) in enumerate(pairs):
        members.append(_mask(rows, len(inputs), number))
        answers.append(_answers(network, inputs, number))
    if len({answer.shape for answer in answers}) > 1:
        raise DataError(
            f"networks: all must answer with as many classes, but they have {[a.shape[-1] for a in answers]}"
        )
    return np.stack(answers), np.stack(members)


def _mask(rows: Any, examples: int, number: int) -> Bool[np.ndarray, " examples"]:
    array = np.asarray(rows)
    if array.dtype.kind == "b" and array.shape == (examples,):
        return array
    if array.ndim != 1 or array.dtype.kind not in "iu" or not array.size:
        raise DataError(
            f"network {number} (counted from 0): the rows that it was trained on must be indices, or truth values for "
            f"all {examples} examples, but they are {cut(rows)}"
        )
    if array.min() < 0 or array.max() >= examples:
        raise DataError(
            f"network {number} (counted from 0): the rows that it was trained on must lie between 0 and "
            f"{examples - 1}, but go from {array.min()} to {array.max()}"
        )
    mask = np.zeros(examples, dtype=np.bool_)
    mask[array] = True
    return mask


def _answers(network: Asked, inputs: torch.Tensor, number: int) -> Float[np.ndarray, "examples classes"]:
    if not callable(network):
        raise DataError(
            f"network {number} (counted from 0): it must be a torch module, or a function of a batch, but is "
            f"{cut(network)}; give pairs of a network and its rows"
        )
    module = network if isinstance(network, torch.nn.Module) and network.training else None
    if module:
        module.eval()
    try:
        with torch.no_grad():
            parts = [_array(network(batch)) for batch in inputs.split(_BATCH)]
    except Exception as error:  # whatever somebody's network raises
        raise DataError(
            f"network {number} (counted from 0): it must answer a batch of shape {tuple(inputs[:1].shape)} and more "
            f"rows, but: {type(error).__name__}: {error}"
        ) from error
    finally:
        if module:
            module.train()
    if any(part.ndim != 2 or len(part) != len(batch) for part, batch in zip(parts, inputs.split(_BATCH), strict=True)):
        raise DataError(
            f"network {number} (counted from 0): it must answer with a row of numbers for each example, one for each "
            f"class, but answers {tuple(inputs[:_BATCH].shape)} with {parts[0].shape}"
        )
    return np.concatenate(parts)


def _array(answer: Any) -> np.ndarray:
    return answer.detach().cpu().numpy() if isinstance(answer, torch.Tensor) else np.asarray(answer)
