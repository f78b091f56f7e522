"""DP-SGD: a step of a private training, its batch drawn by Poisson sampling, its gradient clipped and noised.

The noise is added to the gradients of the weights as they are trained, after all that a layer makes of the gradients
of the weights that it computes with (`privsearch.models.clipping`).

Source: Abadi et al. 2016 (arXiv 1607.00133), Algorithm 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from privsearch.analysis.accounting import guarantee
from privsearch.errors import ConstructionError
from privsearch.models.clipping import clipped_sum
from privsearch.models.networks import Network
from privsearch.spec import TrialSpec
from privsearch.study.guarantee import Guarantee


@dataclass(frozen=True)
class PrivateSteps:
    """The steps of a private training.

    Attributes:
        guarantee: what they promise, with their noise, clipping and sampling.
        expected_batch: the examples that a batch has on average, by which a step's sum is divided.
    """

    guarantee: Guarantee
    expected_batch: float

    @classmethod
    def of(cls, spec: TrialSpec, num_examples: int) -> "PrivateSteps | None":
        """Return the steps of a network that is trained on so many examples; None if its training is not private.

        Raises:
            SpecError: no noise keeps the promise (`privsearch.analysis.accounting.guarantee`).
            ConstructionError: its gradients are rounded after their norms are known.
        """
        if spec.dp is None:
            return None
        if spec.precision != "fp32":
            raise ConstructionError(f"DP-SGD must clip gradients of 32 bits, but those of {spec.precision} are others")
        promised = guarantee(spec.dp, num_examples, spec.batch_size, spec.epochs)
        return cls(promised, promised.sampling_rate * num_examples)

    def draw(self, examples: Int[Tensor, " examples"], generator: torch.Generator) -> Int[Tensor, " batch"]:
        """Draw a batch, in which each example is with the sampling rate as its probability; it may be empty."""
        return examples[torch.rand(len(examples), generator=generator) < self.guarantee.sampling_rate]

    def set_gradients(
        self,
        network: torch.nn.Module,
        weights: Sequence[Tensor],
        x: Float[Tensor, "batch *features"],
        labels: Int[Tensor, " batch"],
        generator: torch.Generator,
    ) -> tuple[Float[Tensor, "batch classes"], Float[Tensor, ""]] | None:
        """Give the weights the gradients of a step: the sum of clipped ones, with noise, over the expected batch.

        Args:
            network: a built-in network.
            weights: all of its weights; their noise is drawn in this order.
            x: `(batch, *input_shape)`; an empty batch gives noise alone.
            labels: `(batch,)`.
            generator: the source of the noise, on the CPU.

        Returns:
            The logits and the mean loss of the batch; None if it is empty.

        Raises:
            ConstructionError: a weight is in no layer whose gradients are clipped.
        """
        if not isinstance(network, Network):
            raise ConstructionError("DP-SGD must train one of privsearch's own networks, whose layers it knows")
        summed = clipped_sum(network, x, labels, self.guarantee.max_grad_norm) if len(x) else None
        deviation = self.guarantee.noise_multiplier * self.guarantee.max_grad_norm
        for weight in weights:
            gradient = torch.randn(weight.shape, generator=generator).to(weight.device).mul_(deviation)
            if summed is not None:
                if weight not in summed.gradients:
                    raise ConstructionError(
                        "every weight that DP-SGD trains must be in a layer that is clipped, but one is not"
                    )
                gradient.add_(summed.gradients[weight])
            weight.grad = gradient.div_(self.expected_batch)
        return None if summed is None else (summed.outputs, summed.losses.mean())
