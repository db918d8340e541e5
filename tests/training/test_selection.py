"""Validation Dice is pooled: finding nothing never wins by the cases with nothing to find."""

import pytest
import torch
from torch import nn

from benchmark.training.selection import pooled_dice


class Bright(nn.Module):
    """Calls bright pixels label 1."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([1 - images, images], 1)


def dice(images: torch.Tensor, masks: torch.Tensor, batch_size: int = 2) -> float:
    return pooled_dice(Bright(), images, masks.to(torch.uint8), batch_size)  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_by_hand(batch_size: int) -> None:
    images, masks = torch.zeros((3, 1, 4, 4)), torch.zeros((3, 4, 4))
    images[0, 0, :2] = 1  # 8 found, 4 of them true; 4 more true in a slice where none is found
    masks[0, 1], masks[1, 0] = 1, 1
    assert dice(images, masks, batch_size) == pytest.approx(2 * 4 / (8 + 8))
    masks[0, 0] = 255  # 4 found pixels no longer count
    assert dice(images, masks, batch_size) == pytest.approx(2 * 4 / (4 + 8))


def test_finding_nothing_scores_0_though_most_cases_are_empty() -> None:
    masks = torch.zeros((5, 4, 4))
    masks[0, 0, 0] = 1
    assert dice(torch.zeros((5, 1, 4, 4)), masks) == 0.0


@pytest.mark.parametrize(("found", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_to_find_at_all(found: float, expected: float) -> None:
    assert dice(torch.full((2, 1, 4, 4), found), torch.zeros((2, 4, 4))) == expected
