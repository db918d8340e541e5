"""Features of pixels are the encoder's maps, brought to the size of the image."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmark.data.prepared_arrays import PreparedDataset
from benchmark.forecast.features import pixel_features
from benchmark.forecast.pixels import SlicePixels
from benchmark.models.networks import SegmentationNetwork


class Pyramid(nn.Module):
    """Five maps of an image, from its own size to a sixteenth; the second has no channels."""

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        maps = [F.avg_pool2d(images, 2**k) * torch.arange(1, 3 + k)[:, None, None]
                for k in range(5)]  # fmt: skip
        maps[1] = maps[1][:, :0]
        return maps


def test_they_are_the_last_maps_resized_bilinearly() -> None:
    rng = np.random.default_rng(0)
    images = rng.random((18, 1, 32, 32)).astype(np.float16)
    data = PreparedDataset(images, np.zeros((18, 32, 32), np.uint8), ())
    network = SegmentationNetwork(Pyramid(), nn.Identity(), nn.Identity(), [0.5], [0.25])
    places = [np.array([[0, 0], [31, 31], [5, 17]]), np.array([[12, 3]])]
    sample = [SlicePixels(k, k // 9, places[k % 2], np.full(len(places[k % 2]), k % 2))
              for k in range(18)]  # fmt: skip
    found = pixel_features(network, data, sample)
    assert [one.shape for one in found.maps] == [(36, 4), (36, 5), (36, 6)]
    assert np.bincount(found.cases).tolist() == [19, 17] and found.labels.sum() == 9
    row = 0
    for own in sample:
        image = (torch.from_numpy(images[[own.row]]).float() - 0.5) / 0.25
        for one, values in zip(Pyramid()(image)[2:], found.maps, strict=True):
            resized = F.interpolate(one, (32, 32), mode="bilinear")[0].numpy()
            expected = resized[:, own.at[:, 0], own.at[:, 1]].T
            assert np.allclose(values[row : row + len(own.at)], expected, atol=1e-5)
        row += len(own.at)
