"""The inputs of a network from stored images: scaled and normalised, and in training also cropped and flipped.

Each batch is preprocessed when it is used, so that images can stay as they are stored: 8 bits a pixel, shared by all
processes of a machine.
"""

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional

from privsearch.data.raw import Preprocessing


def preprocess(
    images: UInt8[Tensor, "batch channels height width"],
    preprocessing: Preprocessing,
    generator: torch.Generator | None = None,
) -> Float32[Tensor, "batch channels height width"]:
    """Scale `images` from 0-255 to [0, 1] and normalise them, to the bit as torchvision's transforms do.

    Args:
        images: a batch, which stays as it is.
        preprocessing: the dataset's preprocessing.
        generator: the source of random crops and flips, on the CPU; None for neither, as when a network is queried.
    """
    if generator is not None and preprocessing.augments:
        images = augment(images, preprocessing, generator)
    return images.float().div_(255).sub_(preprocessing.mean).div_(preprocessing.std)


def augment(
    images: UInt8[Tensor, "batch channels height width"], preprocessing: Preprocessing, generator: torch.Generator
) -> UInt8[Tensor, "batch channels height width"]:
    """Give each image a random crop of itself, padded with black, and mirror it with some probability.

    All offsets are equally likely, as in torchvision's `RandomCrop(size, padding)` and `RandomHorizontalFlip(p)`.
    """
    num_images, _, height, width = images.shape
    padding = preprocessing.crop_padding
    top, left = torch.randint(2 * padding + 1, (2, num_images), generator=generator).to(images.device)
    is_flipped = (torch.rand(num_images, generator=generator) < preprocessing.flip_probability).to(images.device)
    # A view of all possible crops: nothing is copied before one is chosen for each image.
    crops = functional.pad(images, [padding] * 4).unfold(2, height, 1).unfold(3, width, 1)
    chosen = crops[torch.arange(num_images, device=images.device), :, top, left]
    return torch.where(is_flipped[:, None, None, None], chosen.flip(3), chosen)
