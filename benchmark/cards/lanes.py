"""Lanes: entries whose networks have the same kind of decoder are ranked together."""

import re
from typing import Literal, get_args

Lane = Literal["unet", "dpt", "linear"]
LANES: tuple[Lane, ...] = get_args(Lane)

PLAIN_VITS = re.compile(
    r"tu-(test_)?("
    r"vit_(?!base_mci_|.*(?<!dino)_r\d+_|.*_resnet)|(flexi|naflex|sam|deepseek_)vit|deit3?_|"
    r"beit(v2|3)?_|eva(02)?_|aimv2_|cait_|convit_|xcit_|mixer_)"
)
"""Encoders of timm whose maps all have the size of the patches."""


def encoder_lane(encoder: str) -> Lane:
    """The lane of an encoder besides `linear`, which takes every encoder.

    `dpt` for plain vision transformers of timm; `unet` for feature pyramids and for complete
    networks.
    """
    return "dpt" if PLAIN_VITS.match(encoder) else "unet"
