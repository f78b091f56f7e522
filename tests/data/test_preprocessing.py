import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import functional

from privsearch.data.preprocessing import augment, preprocess
from privsearch.data.raw import Preprocessing

CIFAR = Preprocessing(mean=0.5, std=0.5, crop_padding=4, flip_probability=0.5)
MNIST = Preprocessing(mean=0.0, std=1.0)


def random_images(count: int, size: int = 8) -> torch.Tensor:
    return torch.randint(256, (count, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def legal_augmentations(image: torch.Tensor) -> torch.Tensor:
    """Every crop of the padded image, by torchvision: first as they are, then mirrored; `(162, 3, size, size)`."""
    size = image.shape[-1]
    padded = functional.pad(image, [4, 4, 4, 4])
    crops = torch.stack([functional.crop(padded, top, left, size, size) for top in range(9) for left in range(9)])
    return torch.cat([crops, functional.hflip(crops)])


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_byte_is_normalised_as_torchvision_does() -> None:
    """All 256 values come out to the bit as ToTensor and Normalize give them."""
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    for preprocessing in (CIFAR, MNIST):
        expected = functional.normalize(
            functional.convert_image_dtype(images), [preprocessing.mean], [preprocessing.std]
        )
        assert torch.equal(preprocess(images, preprocessing), expected)


def test_normalised_ranges_are_those_of_the_paper() -> None:
    """CIFAR-10 lies in [-1, 1], MNIST in [0, 1]."""
    extremes = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    assert preprocess(extremes, CIFAR).flatten().tolist() == [-1, 1]
    assert preprocess(extremes, MNIST).flatten().tolist() == [0, 1]


def test_every_augmented_image_is_a_legal_crop_of_its_own_original() -> None:
    """Each is one of the 162 crops and mirrored crops that torchvision could have made of that image."""
    images = random_images(50)
    for image, augmented in zip(images, augment(images, CIFAR, drawn(0)), strict=True):
        assert (legal_augmentations(image) == augmented).all((1, 2, 3)).sum() == 1


def test_crops_and_flips_are_equally_likely() -> None:
    """Of 16200 draws, each of the 162 augmentations has its share within five standard errors."""
    image = random_images(1)
    augmented = augment(image.expand(16_200, -1, -1, -1), CIFAR, drawn(0))
    counts = torch.stack([(augmented == legal).all((1, 2, 3)).sum() for legal in legal_augmentations(image[0])])
    assert counts.sum() == 16_200
    assert (counts - 100).abs().max() < 5 * 100**0.5


def test_black_is_padded_before_normalisation() -> None:
    """What a crop takes from outside a CIFAR-10 image is black, -1, as when torchvision pads the image itself."""
    white = torch.full((200, 3, 8, 8), 255, dtype=torch.uint8)
    assert preprocess(white, CIFAR, drawn(0)).unique().tolist() == [-1, 1]


def test_nothing_is_drawn_without_a_generator_or_an_augmentation() -> None:
    """A queried network sees the image itself, and MNIST leaves the generator as it was."""
    images = random_images(5)
    assert torch.equal(preprocess(images, CIFAR), (images / 255 - 0.5) / 0.5)
    generator = drawn(0)
    assert torch.equal(preprocess(images, MNIST, generator), images / 255)
    assert torch.equal(generator.get_state(), drawn(0).get_state())


def test_the_generator_decides_the_augmentation() -> None:
    """The same state gives the same crops, another gives others, and the images stay as they were."""
    images = random_images(20)
    before = images.clone()
    first = preprocess(images, CIFAR, drawn(3))
    assert torch.equal(preprocess(images, CIFAR, drawn(3)), first)
    assert not torch.equal(preprocess(images, CIFAR, drawn(4)), first)
    assert torch.equal(images, before)


@given(padding=st.integers(0, 5), height=st.integers(1, 6), width=st.integers(1, 6), flip=st.sampled_from([0.0, 1.0]))
def test_any_padding_keeps_the_shape(padding: int, height: int, width: int, flip: float) -> None:
    """Crops have the size of the image, and without padding they are the image or its mirror image."""
    images = torch.arange(2 * height * width, dtype=torch.uint8).view(2, 1, height, width)
    augmented = augment(images, Preprocessing(0.0, 1.0, padding, flip), drawn(0))
    assert augmented.shape == images.shape
    if padding == 0:
        assert torch.equal(augmented, images.flip(3) if flip else images)


@pytest.mark.parametrize("preprocessing", [Preprocessing(0.0, 1.0, 4), Preprocessing(0.0, 1.0, 0, 0.5)])
def test_a_crop_or_a_flip_alone_augments(preprocessing: Preprocessing) -> None:
    """Either of the two is reason enough to draw."""
    images = random_images(50)
    assert not torch.equal(preprocess(images, preprocessing, drawn(0)), images / 255)
