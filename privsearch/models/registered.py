"""Networks of a user's own (`privsearch.register_model`), as the training and the attacks see every network."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from privsearch.errors import ConstructionError
from privsearch.models.sequences import without_padding
from privsearch.spec import Recorded, TrialSpec, registry


class RegisteredNetwork(nn.Module):
    """A user's module, whose outputs are checked before they are used.

    Args:
        module: from `(batch, *input_shape)` to logits. Inputs over time are `(batch, time, *shape)`, padding as 0.
        num_classes: the number of logits that each example must have.
    """

    def __init__(self, module: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.module = module
        self.num_classes = num_classes

    def forward(self, x: Float[Tensor, "batch *features"]) -> Float[Tensor, "batch classes"]:
        """Compute the module's logits.

        Raises:
            ConstructionError: the logits are no 32-bit floats of shape `(batch, num_classes)`.
        """
        logits = self.module(without_padding(x))
        if not isinstance(logits, Tensor):
            raise ConstructionError(f"a model must return a tensor of logits, but returned {type(logits).__name__}")
        if logits.shape != (len(x), self.num_classes) or logits.dtype != torch.float32:
            raise ConstructionError(
                f"a model must return logits of shape {(len(x), self.num_classes)} and type float32, but returned "
                f"shape {tuple(logits.shape)} and type {str(logits.dtype).removeprefix('torch.')}"
            )
        return logits

    def readouts(
        self,
        x: Float[Tensor, "batch *features"],
        *,
        trajectory: bool = False,  # noqa: ARG002  # as for the built-in networks
        watch: object = None,  # noqa: ARG002  # the layers of a user's module are unknown
    ) -> Mapping[Recorded, Float[Tensor, "each batch classes"]]:
        """Compute the outputs that an attacker may see: the logits alone, named like those of an ANN."""
        return {"final_mem": self(x)[None]}


def build_registered(spec: TrialSpec, input_shape: tuple[int, ...], num_classes: int) -> RegisteredNetwork:
    """Build the network of a trial's registered model.

    Raises:
        SpecError: the model is not registered in this process, or in another version.
        ConstructionError: the model's function returns no module with weights that can be trained.
    """
    module = registry.model_needed(spec.model).function(input_shape, num_classes, spec)
    if not isinstance(module, nn.Module) or not any(weight.requires_grad for weight in module.parameters()):
        raise ConstructionError(
            f"the model {spec.model} must be built as a torch.nn.Module with weights to train, but its function "
            f"returned {type(module).__name__}"
        )
    return RegisteredNetwork(module, num_classes)
