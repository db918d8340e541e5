"""Augmentation moves image and mask together, and only as the target permits."""

import numpy as np
import torch

from benchmark.cards.protocol import Augmentation
from benchmark.training.augmentation import augment

STILL = Augmentation(
    rotation_degrees=0, scale=0, shift=0, gamma=0, noise=0, horizontal_flip=0, vertical_flip=0
)


def test_no_augmentation_changes_nothing() -> None:
    images, masks = torch.rand(2, 1, 16, 16), torch.randint(0, 2, (2, 16, 16))
    out, moved = augment(images, masks, STILL, (), np.random.default_rng(0))
    assert torch.equal(out, images) and torch.equal(moved, masks)


def test_image_and_mask_move_together() -> None:
    rng = np.random.default_rng(0)
    masks = torch.zeros(16, 64, 64, dtype=torch.long)
    masks[:, 20:40, 10:30] = 1
    how = Augmentation(
        rotation_degrees=20,
        scale=0.2,
        shift=0.1,
        gamma=0,
        noise=0,
        horizontal_flip=0.5,
        vertical_flip=0.5,
    )
    images, moved = augment(masks[:, None].float(), masks, how, ("horizontal", "vertical"), rng)
    agree = ((images[:, 0] > 0.5) == (moved > 0)).float().mean()
    assert agree > 0.99
    assert not torch.equal(moved, masks)


def test_only_permitted_flips_happen() -> None:
    images = torch.zeros(64, 1, 8, 8)
    images[:, :, 0, 0] = 1
    masks = images[:, 0].long()
    flips = STILL.model_copy(update={"horizontal_flip": 0.5, "vertical_flip": 0.5})
    corners = {
        tuple(int(v) for v in torch.nonzero(mask)[0])
        for mask in augment(images, masks, flips, ("horizontal",), np.random.default_rng(0))[1]
    }
    assert corners == {(0, 0), (0, 7)}
    out, _ = augment(images, masks, flips, (), np.random.default_rng(0))
    assert torch.equal(out, images)


def test_a_seed_gives_the_same_draws() -> None:
    how = Augmentation(
        rotation_degrees=9,
        scale=0.1,
        shift=0.1,
        gamma=0.2,
        noise=0.1,
        horizontal_flip=0.5,
        vertical_flip=0.5,
    )
    images, masks = torch.rand(3, 1, 16, 16), torch.zeros(3, 16, 16, dtype=torch.long)
    one = augment(images, masks, how, ("horizontal",), np.random.default_rng(3))[0]
    two = augment(images, masks, how, ("horizontal",), np.random.default_rng(3))[0]
    assert torch.equal(one, two)


def test_shear_moves_rows_against_each_other() -> None:
    image = torch.zeros((1, 1, 64, 64))
    image[..., 31:33] = 1
    how = STILL.model_copy(update={"shear": 0.5})
    moved, _ = augment(
        image, torch.zeros((1, 64, 64), dtype=torch.long), how, (), np.random.default_rng(3)
    )
    centre = [float((moved[0, 0, row] * torch.arange(64)).sum() / moved[0, 0, row].sum())
              for row in (8, 32, 55)]  # fmt: skip
    assert abs(centre[0] - centre[2]) > 4 and abs(centre[1] - 31.5) < 1
    assert centre[0] < centre[1] < centre[2] or centre[0] > centre[1] > centre[2]
