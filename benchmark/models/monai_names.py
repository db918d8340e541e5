"""How MONAI's own networks name their modules, and where these are in ours (`named`)."""

MONAI_PARTS: dict[str, dict[str, str]] = {
    "monai-unet": {
        "conv_0": "encoder.stages.0",
        **{f"down_{n}": f"encoder.stages.{n}" for n in (1, 2, 3, 4)},
        **{f"upcat_{n}": f"decoder.blocks.{4 - n}" for n in (4, 3, 2, 1)},
        "final_conv": "head",
    },
    "monai-vnet": {
        "in_tr": "encoder.stages.0",
        **{f"down_tr{32 * 2**n}": f"encoder.stages.{n + 1}" for n in range(4)},
        **{f"up_tr{256 // 2**n}": f"decoder.blocks.{n}" for n in range(4)},
        "out_tr": "head",
    },
    "monai-unetr": {
        "vit": "encoder.vit",
        **{f"encoder{n}": f"encoder.maps.{n - 1}" for n in (1, 2, 3, 4)},
        **{f"decoder{n}": f"decoder.blocks.{5 - n}" for n in (5, 4, 3, 2)},
        "out": "head",
    },
    "monai-swin_unetr": {
        "swinViT": "encoder.swin",
        **{f"encoder{n}": f"encoder.maps.{n - 1}" for n in (1, 2, 3, 4)},
        "encoder10": "encoder.maps.4",
        **{f"decoder{n}": f"decoder.blocks.{5 - n}" for n in (5, 4, 3, 2, 1)},
        "out": "head",
    },
}
"""Where the modules of MONAI's own networks are in ours; the key begins MONAI's tensor names."""
