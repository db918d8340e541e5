"""Lanes: entries whose networks have the same kind of decoder are ranked together."""

import re
from typing import Literal, get_args

Lane = Literal["unet", "dpt", "linear"]
LANES: tuple[Lane, ...] = get_args(Lane)

ONE_SIZE = re.compile(
    r"tu-((test_|flexi|naflex|sam|deepseek_|gemma4_|qwen3_)?vit(_|\d?$)|vitamin_|deit3?_|"
    r"beit(v2|3)?_|eva(02)?_|aimv2_|cait_|convit_|xcit_|tnt_|(res)?mlp_|g?mixer_|gmlp_|convmixer_)"
)
"""Encoders of timm whose maps all have one size: plain vision transformers and mixers."""


def encoder_lane(encoder: str) -> Lane:
    """The lane of an encoder besides `linear`, which takes every encoder.

    `dpt` for encoders whose maps all have one size, above all plain vision transformers; `unet`
    for feature pyramids and complete networks.
    """
    return "dpt" if ONE_SIZE.match(encoder) else "unet"
