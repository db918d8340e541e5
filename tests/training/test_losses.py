"""The loss against MONAI, and what ignored pixels do."""

import warnings

import torch
import torch.nn.functional as F

from benchmark.training.losses import cross_entropy, dice_cross_entropy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from monai.losses import DiceCELoss


def test_the_loss_is_monais() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 16, 16, generator=generator)
    labels = torch.randint(0, 4, (3, 16, 16), generator=generator)
    monai = DiceCELoss(
        include_background=False, softmax=True, batch=True, to_onehot_y=True,
        smooth_nr=1, smooth_dr=1,
    )  # fmt: skip
    torch.testing.assert_close(dice_cross_entropy(logits, labels), monai(logits, labels[:, None]))


def test_ignored_pixels_change_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 8, 8, generator=generator)
    labels = torch.randint(0, 3, (2, 8, 8), generator=generator)
    labels[:, :4] = 255
    changed = logits.clone()
    changed[:, :, :4] += 5 * torch.randn(2, 3, 4, 8, generator=generator)
    torch.testing.assert_close(
        dice_cross_entropy(logits, labels), dice_cross_entropy(changed, labels)
    )
    expected = F.cross_entropy(logits[:, :, 4:], labels[:, 4:])
    assert dice_cross_entropy(logits, labels) > expected


def test_two_logits_of_which_one_is_zero_are_a_sigmoid() -> None:
    """Binary cross-entropy with one logit is cross-entropy over (0, x)."""
    logit = torch.randn((2, 1, 8, 8))
    labels = torch.randint(0, 2, (2, 8, 8))
    two = torch.cat([torch.zeros_like(logit), logit], 1)
    expected = F.binary_cross_entropy_with_logits(logit[:, 0], labels.float())
    torch.testing.assert_close(cross_entropy(two, labels), expected)
