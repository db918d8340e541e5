"""Features of sampled pixels from the frozen encoder of a source."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from benchmark.data.prepared_arrays import PreparedDataset
from benchmark.forecast.pixels import Indices, SlicePixels
from benchmark.forecast.scores import PixelFeatures
from benchmark.models.networks import SegmentationNetwork
from benchmark.training.batches import to_device
from benchmark.workers import Progress, no_progress

MAPS, BATCH = 4, 16


@torch.no_grad()
def pixel_features(
    network: SegmentationNetwork,
    prepared: PreparedDataset,
    sample: Sequence[SlicePixels],
    progress: Progress = no_progress,
) -> PixelFeatures:
    """The last four maps of the encoder at sampled pixels, each map interpolated bilinearly.

    So they are those of lane `linear`. The network is in evaluation mode: nothing of it changes.

    Args:
        network: With the weights of a source.
        prepared: Arrays of the target's data set.
        sample: Pixels of some of its slices.
        progress: Gets the slices done and in total.
    """
    network.eval()
    parts: list[list[torch.Tensor]] = []
    for start in range(0, len(sample), BATCH):
        batch = sample[start : start + BATCH]
        rows = [pixels.row for pixels in batch]
        images = to_device(prepared.images[rows], network.device).float()
        maps = [level for level in network.features(images)[-MAPS:] if level.shape[1]]
        for number, pixels in enumerate(batch):
            grid = _grid(pixels.at, images.shape[-1]).to(network.device)
            parts.append([_at(level[number : number + 1], grid) for level in maps])
        progress("features", start + len(batch), len(sample))
    maps_of = tuple(
        torch.cat(level).cpu().numpy().astype(np.float64) for level in zip(*parts, strict=True)
    )
    labels = np.concatenate([pixels.labels for pixels in sample])
    cases = np.concatenate([np.full(len(pixels.labels), pixels.case) for pixels in sample])
    return PixelFeatures(maps_of, labels, cases)


def _grid(at: Indices, size: int) -> torch.Tensor:
    """Rows and columns as grid_sample takes them (1, 1, pixels, 2): x then y, from -1 to 1."""
    return torch.from_numpy((2 * at[:, ::-1] + 1) / size - 1).float()[None, None]


def _at(level: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Values (pixels, channels) of one map (1, channels, rows, columns)."""
    values = F.grid_sample(level, grid, padding_mode="border", align_corners=False)
    return values[0, :, 0].T
