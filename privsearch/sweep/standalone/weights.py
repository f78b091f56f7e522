"""Weights and biases of a network as safetensors, quantised ones as whole numbers of steps."""

from typing import cast

from torch import Tensor

from privsearch.models import Network, Stage
from privsearch.models.quantization import quantized_levels


def packed_weights(network: Network, names: list[str]) -> bytes:
    """Return a network's weights as the content of a safetensors file.

    A layer `linear1` has `linear1.bias` and `linear1.weight`, 32-bit floats. A quantised weight is 8-bit integers,
    `linear1.weight.levels`, times `linear1.weight.step`.

    Args:
        network: the network.
        names: the names of its layers.
    """
    from safetensors.torch import save  # not needed by any other command

    tensors: dict[str, Tensor] = {}
    for name, stage in zip(names, network, strict=True):
        affine = cast("Stage", stage).affine
        weight, bias = cast("Tensor", affine.weight).detach(), cast("Tensor", affine.bias).detach()
        bit_width = getattr(affine, "weight_bit_width", None)
        if bit_width is None:
            tensors[f"{name}.weight"] = weight.contiguous()
        else:
            tensors[f"{name}.weight.levels"], tensors[f"{name}.weight.step"] = quantized_levels(weight, bit_width)
        tensors[f"{name}.bias"] = bias.contiguous()
    content: bytes = save({key: tensor.cpu() for key, tensor in tensors.items()})
    return content
