"""Adam and SGD: torch's own fused kernels, called without torch's optimisers around them.

`torch.optim` imports torch's compiler at the first optimiser of a process, which takes more than a second, and its
checks at every step take longer than the step of a small network. The numbers are the same to the bit.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from privsearch.errors import ConstructionError

BETA1: Final = 0.9
BETA2: Final = 0.999
EPSILON: Final = 1e-8
MOMENTUM: Final = 0.9


class Optimizer(ABC):
    """An optimiser of a network's weights."""

    def __init__(self, weights: Iterable[nn.Parameter]) -> None:
        self._weights: list[Tensor] = list(weights)

    @property
    def weights(self) -> Sequence[Tensor]:
        """The weights that are trained."""
        return self._weights

    def forget_gradients(self) -> None:
        """Drop all gradients before the next backward pass, without `zero_grad`'s walk through a network's modules."""
        for weight in self._weights:
            weight.grad = None

    @abstractmethod
    def step(self) -> None:
        """Take one step along the gradients of the last backward passes."""

    @property
    @abstractmethod
    def state(self) -> list[Tensor]:
        """The tensors that a step reads and changes beside the weights, as they are after at least one step."""

    def resume(self, state: Sequence[Tensor]) -> None:
        """Go on from the state of another optimiser of its kind, after at least one step of that one.

        Args:
            state: tensors of the shapes and types of `state`.
        """
        for own, other in zip(self.state, state, strict=True):
            own.copy_(other)


class Adam(Optimizer):
    """The optimiser `torch.optim.Adam(fused=True)`.

    Args:
        weights: the weights to train; each has a gradient at every step.
        learning_rate: above 0.
        weight_decay: at least 0; added to the gradient.

    Source: Kingma and Ba 2015.
    """

    def __init__(self, weights: Iterable[nn.Parameter], learning_rate: float, weight_decay: float) -> None:
        super().__init__(weights)
        self._means = [torch.zeros_like(w) for w in self._weights]
        self._squares = [torch.zeros_like(w) for w in self._weights]
        self._steps = [torch.zeros((), device=w.device) for w in self._weights]
        self._learning_rate, self._weight_decay = learning_rate, weight_decay

    @property
    def state(self) -> list[Tensor]:
        """The means of the gradients and of their squares, and the numbers of steps; see `Optimizer`."""
        return [*self._means, *self._squares, *self._steps]

    @torch.no_grad()
    def step(self) -> None:
        """See `Optimizer`."""
        torch._foreach_add_(self._steps, 1)
        torch._fused_adam_(
            self._weights,
            gradients_of(self._weights),
            self._means,
            self._squares,
            [],
            self._steps,
            lr=self._learning_rate,
            beta1=BETA1,
            beta2=BETA2,
            weight_decay=self._weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )


class Sgd(Optimizer):
    """The optimiser `torch.optim.SGD(momentum=0.9, fused=True)`.

    Args:
        weights: the weights to train; each has a gradient at every step.
        learning_rate: above 0.
        weight_decay: at least 0; added to the gradient.
    """

    def __init__(self, weights: Iterable[nn.Parameter], learning_rate: float, weight_decay: float) -> None:
        super().__init__(weights)
        self._momenta = [torch.empty_like(w) for w in self._weights]
        self._is_first = True
        self._learning_rate, self._weight_decay = learning_rate, weight_decay

    @property
    def state(self) -> list[Tensor]:
        """The momenta, which have no values before the first step; see `Optimizer`."""
        return list(self._momenta)

    def resume(self, state: Sequence[Tensor]) -> None:
        """See `Optimizer`."""
        super().resume(state)
        self._is_first = False

    @torch.no_grad()
    def step(self) -> None:
        """See `Optimizer`."""
        torch._fused_sgd_(
            self._weights,
            gradients_of(self._weights),
            self._momenta,
            weight_decay=self._weight_decay,
            momentum=MOMENTUM,
            lr=self._learning_rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=self._is_first,
        )
        self._is_first = False


def gradients_of(weights: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of `weights`.

    Raises:
        ConstructionError: a weight has no gradient, as in a registered model that does not use it.
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    if len(gradients) < len(weights):
        raise ConstructionError(
            f"every weight that is trained must take part in a network's outputs, but {len(weights) - len(gradients)} "
            f"of {len(weights)} tensors do not; remove them, or set their requires_grad to False"
        )
    return gradients
