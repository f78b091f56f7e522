"""Per-example gradients, clipped and summed: one backward pass to the currents, then the layers' sums by hand.

The gradient of a layer's weight for one example is the sum over time `sum_t g[t] x[t]^T` of its inputs x and the
gradients g of its currents. A linear layer needs no such matrix to know its norm, which is that of two small ones,

    |sum_t g[t] x[t]^T|^2 = sum_st (x[s] . x[t]) (g[s] . g[t]),

nor to add up the examples, each times its factor. Where the matrices are smaller than what they are made of they are
computed all the same, and so are those of convolutions, from the patches of images.

Where weights are quantised, the norms are those of the weights' own gradients, with what the largest weight receives
for the step (`privsearch.models.quantization.Rounding`). So clipping bounds what an example does to the weights.

Source: Abadi et al. 2016 (arXiv 1607.00133) for clipping; Goodfellow 2015 (arXiv 1510.01799) for norms from inputs and
gradients, Lee and Kifer 2021 (arXiv 2009.03106) for those over time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from privsearch.models.affine import convolution, linear, linear_on_images, pool
from privsearch.models.networks import Network, Stage
from privsearch.models.quantization import Rounding, effective_weight, rounding_of

SLACK: Final = 1e-5
"""The part by which a squared norm from products of 32-bit numbers may be too small, of what it is the sum of."""

MOST_PATCHES: Final = 2**22
"""The most numbers of the patches of images that are in memory at a time; more do not fit into a core's cache."""


class ClippedSum(NamedTuple):
    """The sum of clipped gradients over a batch, and what the network made of it.

    Attributes:
        gradients: by parameter, the sum over the examples of their clipped gradients.
        outputs: the logits.
        losses: the cross-entropy of each example.
        norms: the norm of each example's whole gradient before clipping.
    """

    gradients: dict[Tensor, Tensor]
    outputs: Float[Tensor, "batch classes"]
    losses: Float[Tensor, " batch"]
    norms: Float[Tensor, " batch"]


@dataclass(frozen=True, eq=False)
class _Tapped:
    """A layer, what it read in a batch, and the current that it gave, before pooling."""

    affine: nn.Module
    inputs: Float[Tensor, "n *features"]
    current: Float[Tensor, "n outputs *image"]
    batch: int


def clipped_sum(
    network: Network, x: Float[Tensor, "batch *features"], labels: Int[Tensor, " batch"], max_norm: float
) -> ClippedSum:
    """Compute the gradient of each example's loss with respect to all weights, clip its norm, and add them up.

    Args:
        network: a built-in network with all its weights in training.
        x: `(batch, *input_shape)`, at least one example.
        labels: `(batch,)`.
        max_norm: the largest norm of an example's whole gradient; infinite to clip none.
    """
    with _tapped(network) as layers:
        outputs = network(x)
    losses = nn.functional.cross_entropy(outputs, labels, reduction="none")
    grads = torch.autograd.grad(losses.sum(), [layer.current for layer in layers])
    with torch.no_grad():
        sums = [_of_layer(layer, grad) for layer, grad in zip(layers, grads, strict=True)]
        roundings = [rounding_of(layer.affine) for layer in layers]
        squares = [_squares(one, rounding) for one, rounding in zip(sums, roundings, strict=True)]
        norms = torch.stack(squares).sum(0).sqrt()
        # An infinite limit, or no gradient at all, leaves everything as it is.
        factors = (max_norm / norms).clamp(max=1.0)
        gradients: dict[Tensor, Tensor] = {}
        for layer, one, rounding in zip(layers, sums, roundings, strict=True):
            weight, bias = cast("Tensor", layer.affine.weight), cast("Tensor", layer.affine.bias)
            for_weight, gradients[bias] = one.weighted(factors)
            for_weight = for_weight.view_as(weight)
            gradients[weight] = for_weight if rounding is None else rounding.gradient(for_weight)
    return ClippedSum(gradients, outputs.detach(), losses.detach(), norms)


@contextmanager
def _tapped(network: Network) -> Iterator[list[_Tapped]]:
    """Have the layers of a network tell what they read and give; weights are constants meanwhile."""
    layers: list[_Tapped] = []
    stages = [cast("Stage", stage) for stage in network]

    def tap(affine: nn.Module, folded: Tensor, batch: int) -> Tensor:
        with torch.no_grad():
            weight, bias = effective_weight(affine), cast("Tensor", affine.bias).detach()
        is_convolution = isinstance(affine, nn.Conv2d)
        function = convolution if is_convolution else linear_on_images if folded.ndim == 4 else linear
        current = function(folded, weight, bias)
        # What the first layer reads has no gradient.
        current = current if current.requires_grad else current.requires_grad_()
        layers.append(_Tapped(affine, folded.detach(), current, batch))
        return pool(current) if is_convolution else current

    try:
        for stage in stages:
            stage.tap = tap
        yield layers
    finally:
        for stage in stages:
            stage.tap = None


@dataclass(frozen=True, eq=False)
class _Matrices:
    """The gradients of a layer for each example.

    Attributes:
        for_weight: `(batch, outputs, inputs)`.
        for_bias: `(batch, outputs)`.
    """

    for_weight: Float[Tensor, "batch outputs inputs"]
    for_bias: Float[Tensor, "batch outputs"]

    def squares(self) -> Float[Tensor, " batch"]:
        """Return the squared norm of each."""
        return self.for_weight.flatten(1).square().sum(1) + self.for_bias.square().sum(1)

    def weighted(self, factors: Float[Tensor, " batch"]) -> tuple[Tensor, Tensor]:
        """Return the sums over the examples, each times its factor, for the weight and for the bias."""
        of_weight = factors @ self.for_weight.flatten(1)
        return of_weight.view(self.for_weight.shape[1:]), factors @ self.for_bias

    def products(self, with_: Float[Tensor, "outputs inputs"]) -> Float[Tensor, " batch"]:
        """Return the scalar product of each weight's gradient with a matrix."""
        return self.for_weight.flatten(1) @ with_.flatten()

    def at(self, places: Int[Tensor, " places"]) -> Float[Tensor, "batch places"]:
        """Return the entries of each weight's gradient at flat indices."""
        return self.for_weight.flatten(1)[:, places]


@dataclass(frozen=True, eq=False)
class _Factors:
    """The gradients of a linear layer for each example, as the factors that they are sums of products of.

    Attributes:
        x: `(time, batch, inputs)`.
        g: `(time, batch, outputs)`: the gradients of the currents.
        image: the shape `(height, width, channels)` of inputs that lie with their channels last; None for others.
    """

    x: Float[Tensor, "time batch inputs"]
    g: Float[Tensor, "time batch outputs"]
    image: tuple[int, int, int] | None

    def squares(self) -> Float[Tensor, " batch"]:
        """Return the squared norm of each, hardly ever too small."""
        x, g = self.x.transpose(0, 1), self.g.transpose(0, 1)
        if len(self.x) == 1:
            return (x.square().sum((1, 2)) + 1) * g.square().sum((1, 2))
        of_x, of_g = torch.bmm(x, x.transpose(1, 2)).add_(1), torch.bmm(g, g.transpose(1, 2))
        # Steps may cancel, the errors of their products do not.
        at_most = (_diagonal(of_x) * _diagonal(of_g)).clamp(min=0).sqrt().sum(1).square()
        return (of_x * of_g).sum((1, 2)).clamp(min=0) + SLACK * at_most

    def weighted(self, factors: Float[Tensor, " batch"]) -> tuple[Tensor, Tensor]:
        """Return the sums over the examples, each times its factor, for the weight and for the bias."""
        g = (self.g * factors[:, None]).flatten(0, 1)
        for_weight = linear(g.t(), self.x.flatten(0, 1).t(), g.new_zeros(self.x.shape[2]))
        return self._first(for_weight), g.sum(0)

    def products(self, with_: Float[Tensor, "outputs inputs"]) -> Float[Tensor, " batch"]:
        """Return the scalar product of each weight's gradient with a matrix."""
        given = linear(self.x.flatten(0, 1), self._last(with_), self.g.new_zeros(len(with_)))
        return (given.view_as(self.g) * self.g).sum((0, 2))

    def at(self, places: Int[Tensor, " places"]) -> Float[Tensor, "batch places"]:
        """Return the entries of each weight's gradient at flat indices."""
        inputs = self.x.shape[2]
        rows, columns = places // inputs, places % inputs
        if self.image:
            height, width, channels = self.image
            channel, pixel = columns // (height * width), columns % (height * width)
            columns = pixel * channels + channel
        return (self.g[:, :, rows] * self.x[:, :, columns]).sum(0)

    def _last(self, matrix: Float[Tensor, "outputs inputs"]) -> Float[Tensor, "outputs inputs"]:
        """Return a matrix of weights in the order of `x`."""
        if self.image is None:
            return matrix
        height, width, channels = self.image
        return matrix.view(-1, channels, height, width).permute(0, 2, 3, 1).flatten(1)

    def _first(self, matrix: Float[Tensor, "outputs inputs"]) -> Float[Tensor, "outputs inputs"]:
        """Undo `_last`."""
        return matrix if self.image is None else matrix.view(-1, *self.image).permute(0, 3, 1, 2).flatten(1)


def _diagonal(matrices: Float[Tensor, "batch time time"]) -> Float[Tensor, "batch time"]:
    return matrices.diagonal(dim1=1, dim2=2)


def _squares(gradients: _Matrices | _Factors, rounding: Rounding | None) -> Float[Tensor, " batch"]:
    """Return the squared norm of each example's gradient, with what rounding adds to that of the largest weights."""
    squares = gradients.squares()
    if rounding is None or not len(rounding.places):
        return squares
    for_step = gradients.products(rounding.error.flatten(1)) / (rounding.num_steps * len(rounding.places))
    before = gradients.at(rounding.places)
    after = before + rounding.signs * for_step[:, None]
    return (squares - before.square().sum(1)).clamp(min=0) + after.square().sum(1)


def _of_layer(layer: _Tapped, grad: Float[Tensor, "n outputs *image"]) -> _Matrices | _Factors:
    """Return a layer's gradients for each example, in the form that costs less."""
    if isinstance(layer.affine, nn.Conv2d):
        return _convolution(layer.inputs, grad, layer.batch)
    x, image = layer.inputs, None
    if x.ndim == 4:
        _, channels, height, width = x.shape
        x, image = x.permute(0, 2, 3, 1).flatten(1), (height, width, channels)
    steps, inputs, outputs = len(x) // layer.batch, x.shape[1], grad.shape[1]
    x, grad = x.view(steps, layer.batch, inputs), grad.view(steps, layer.batch, outputs)
    if image or steps == 1 or steps * (inputs + outputs) < inputs * outputs:
        return _Factors(x, grad, image)
    return _Matrices(torch.bmm(grad.permute(1, 2, 0), x.transpose(0, 1)), grad.sum(0))


def _convolution(
    x: Float[Tensor, "n inputs height width"], grad: Float[Tensor, "n outputs height width"], batch: int
) -> _Matrices:
    """Compute the gradients of a 3x3 convolution with padding 1 for each example, a few examples at a time."""
    n, channels, height, width = x.shape
    steps, outputs = n // batch, grad.shape[1]
    # Channels last, as they lie in memory: a patch is then three runs of numbers.
    padded = nn.functional.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).view(
        steps, batch, height + 2, width + 2, channels
    )
    grads = grad.permute(0, 2, 3, 1).reshape(steps, batch, height * width, outputs)
    at_once = max(1, MOST_PATCHES // (steps * height * width * 9 * channels))
    for_weight = x.new_empty(batch, outputs, 9 * channels)
    for start in range(0, batch, at_once):
        some = slice(start, start + at_once)
        # (steps, some, height, width, channels, 3, 3)
        patches = padded[:, some].unfold(2, 3, 1).unfold(3, 3, 1).permute(1, 0, 2, 3, 5, 6, 4)
        patches = patches.reshape(patches.shape[0], steps * height * width, 9 * channels)
        received = grads[:, some].transpose(0, 1).reshape(-1, steps * height * width, outputs)
        torch.bmm(received.transpose(1, 2), patches, out=for_weight[some])
    for_weight = for_weight.view(batch, outputs, 9, channels).transpose(2, 3).reshape(batch, outputs, -1)
    return _Matrices(for_weight, grads.sum((0, 2)))
