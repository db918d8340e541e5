"""Plain vision transformers of timm as encoders: some of their blocks give a map of one size."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmark.models.vision_libraries import timm


class PatchEncoder(nn.Module):
    """A plain vision transformer without its classifier.

    Images are resized (bilinearly, with antialiasing) so that a patch covers `pixels_per_patch` of
    their rows and columns; position embeddings are interpolated to the resulting grid by timm. A
    model that takes images of one size only gets that size.
    """

    def __init__(
        self,
        name: str,
        channels: int,
        maps: int,
        *,
        pixels_per_patch: int,
        last: bool = False,
        class_token: bool = False,
    ) -> None:
        """Build a randomly initialised transformer.

        Args:
            name: Of a model of timm.
            channels: Input channels.
            maps: How many blocks give a map.
            pixels_per_patch: Rows and columns of the image under a patch.
            last: Take the last blocks and normalise the outputs of each patch; without, blocks are
                evenly spaced as in DPT, and outputs are as they are. The normalisation has no
                weights: a linear head after batch normalisation takes up those of the model's own.
            class_token: Join the class token to each map, as further channels.
        """
        super().__init__()
        model, self.size = _model(name, channels)
        infos = model.feature_info
        count, maps = len(infos), min(maps, len(infos))
        evenly = [count * number // maps - 1 for number in range(1, maps + 1)]
        self.taken = list(range(count - maps, count)) if last else evenly
        self.normalise, self.pixels_per_patch = last, pixels_per_patch
        self.patch = infos[-1]["reduction"]
        options = signature(model.forward_intermediates).parameters
        tokens = getattr(model, "cls_token", None) is not None
        self.class_token = class_token and tokens and "return_prefix_tokens" in options
        widths = [infos[index]["num_chs"] for index in self.taken]
        self.out_channels = tuple(width * (1 + self.class_token) for width in widths)
        model.prune_intermediate_layers(self.taken, prune_norm=True, prune_head=True)
        self.model = model

    @property
    def stages(self) -> Sequence[nn.Module]:
        """The blocks of the transformer, first to last."""
        blocks: Sequence[nn.Module] = self.model.blocks
        return blocks

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Maps of the blocks, first to last: (N, out_channels, rows, columns of patches)."""
        rows, columns = (
            self.size or side // self.pixels_per_patch * self.patch for side in images.shape[2:]
        )
        if images.shape[2:] != (rows, columns):
            images = F.interpolate(images, (rows, columns), mode="bilinear", antialias=True)
        options: dict[str, Any] = {"return_prefix_tokens": True} if self.class_token else {}
        maps = self.model.forward_intermediates(
            images, indices=self.taken, intermediates_only=True, **options
        )
        if self.normalise:
            return [_normalised(patches) for patches in maps]
        if not self.class_token:
            return list(maps)
        return [
            torch.cat([patches, tokens[:, 0, :, None, None].expand_as(patches)], 1)
            for patches, tokens in maps
        ]


def _normalised(patches: torch.Tensor) -> torch.Tensor:
    """Mean 0 and variance 1 over the channels of each patch."""
    by_channel = patches.permute(0, 2, 3, 1)
    return F.layer_norm(by_channel, by_channel.shape[-1:]).permute(0, 3, 1, 2)


def _model(name: str, channels: int) -> tuple[Any, int | None]:
    """A model for images of any size, or else the only size that it takes."""
    try:
        return timm.create_model(name, in_chans=channels, dynamic_img_size=True), None
    except TypeError:  # position embeddings or biases for one size
        model = timm.create_model(name, in_chans=channels)
    if isinstance(model, timm.models.VisionTransformerSAM):  # only its check has to be turned off
        model.patch_embed.strict_img_size = False
        return model, None
    return model, model.pretrained_cfg["input_size"][-1]
