"""The spiking ConvNet with SpikingJelly's multi-step layers on its torch backend.

The code follows SpikingJelly's example (`spikingjelly.activation_based.examples.conv_fashion_mnist`): each layer is
called once for all steps. As in older versions of its tutorial, the first convolution, whose input never changes, is
computed once. SpikingJelly's neurons differ from `snntorch.Leaky` in two points:

- the reset follows the spike at once and so decays with the membrane, by 0.95 thresholds in the next step instead of 1;
- a membrane that equals the threshold fires.

The parameters bring the rest as near as they can: tau 20 is a decay of 0.95, `decay_input=False` leaves the current as
it is, `v_reset=None` subtracts, and the reset is detached. ATan with alpha 2 is the surrogate gradient `atan`.
"""

from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn


def lif() -> neuron.LIFNode:
    """Build neurons of decay 0.95 and threshold 1, with reset by subtraction."""
    return neuron.LIFNode(
        tau=20.0, decay_input=False, v_reset=None, surrogate_function=surrogate.ATan(2.0), detach_reset=True
    )


class MultiStepConvNet(nn.Module):
    """A ConvNet of conv - pool - LIF, twice, and linear - LIF, twice; its logits are the last membranes at the end."""

    def __init__(self, num_steps: int, shape: tuple[int, ...] = (1, 28, 28)) -> None:
        super().__init__()
        channels, height, width = shape
        self.num_steps = num_steps
        self.static_current = nn.Sequential(nn.Conv2d(channels, 32, kernel_size=3, padding=1), nn.MaxPool2d(2, 2))
        self.layers = nn.Sequential(
            lif(),
            layer.Conv2d(32, 64, kernel_size=3, padding=1),
            layer.MaxPool2d(2, 2),
            lif(),
            layer.Flatten(),
            layer.Linear(64 * (height // 4) * (width // 4), 1000),
            lif(),
            layer.Linear(1000, 10),
            lif(),
        )
        functional.set_step_mode(self, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits `(batch, 10)` of x `(batch, *shape)`; call `forget` before the next batch."""
        spk = self.layers(self.static_current(x).unsqueeze(0).expand(self.num_steps, -1, -1, -1, -1))
        # The node has reset its membrane already; snnTorch's is read before that.
        before_reset: Tensor = self.layers[-1].v + spk[-1].detach()
        return before_reset

    def forget(self) -> None:
        """Reset the membranes, as is needed after every step; SpikingJelly calls a method named `reset` itself."""
        functional.reset_net(self)
