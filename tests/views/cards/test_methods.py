"""The methods paragraph states the numbers of the protocol, and leaves out what does not apply."""

from support.factories import shipped_registry

from benchmark.cards.board import BoardCard
from benchmark.views.cards.methods import methods

BOARDS = shipped_registry().boards


def test_every_board_has_one() -> None:
    for board in BOARDS.values():
        protocol, text = board.protocol, methods(board)
        length = f"{protocol.steps} steps" if protocol.steps else f"{protocol.epochs} epochs"
        assert f"{protocol.input_size} x {protocol.input_size} pixels" in text
        assert f"{length} of {protocol.batch_size} slices" in text
        assert all(f"{rate:g}" in text for rate in protocol.learning_rates)
        assert all(decoder.encoder in text for decoder in protocol.decoders.values())


def with_protocol(**changes: object) -> str:
    board = BOARDS["quickstart_v2"]
    protocol = {**board.protocol.model_dump(), **changes}
    return methods(BoardCard.model_validate({**board.model_dump(), "protocol": protocol}))


def test_what_does_not_apply_is_left_out() -> None:
    assert "with a label" not in with_protocol(foreground_share=0)
    assert "constant" in with_protocol(schedule="constant")
    assert "warm-up" not in with_protocol(schedule="constant")
    assert "after the last step" in with_protocol(checkpoint="last")
    ranges = dict.fromkeys(BOARDS["quickstart_v2"].protocol.augmentation.model_dump(), 0)
    assert "There is no augmentation." in with_protocol(augmentation=ranges)


def test_lanes_are_named() -> None:
    lanes = {
        "unet": {"encoder": "resnet18", "encoder_depth": 3, "decoder_channels": (64, 32, 16)},
        "dpt": {"encoder": "tu-vit_tiny", "decoder_channels": (8, 16), "fusion_channels": 32},
        "linear": {"encoder": "tu-vit_tiny", "maps": 2},
    }
    strategies = {
        "full": {"train": ["encoder", "decoder", "head"], "freeze_norm_stats": False},
        "linear": {"train": ["decoder", "head"], "freeze_norm_stats": True, "lanes": ["linear"]},
    }
    board = BOARDS["quickstart_v2"].model_dump()
    protocol = {**board["protocol"], "lanes": lanes}
    text = methods(
        BoardCard.model_validate({**board, "protocol": protocol, "strategies": strategies})
    )
    assert "Lane unet: a U-Net decoder (64, 32, 16 channels) over" in text
    assert "Lane dpt: the decoder of DPT (8, 16 channels, fused in 32) over" in text
    assert "Lane linear: batch normalisation and a 1 x 1 convolution on the last 2 maps" in text
