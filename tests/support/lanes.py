"""A board with several lanes, for tests."""

from typing import Any

from support.factories import board, shipped_registry

from benchmark.cards.board import BoardCard
from benchmark.cards.source import SourceCard

LANES: dict[str, dict[str, Any]] = {
    "unet": {"encoder": "tu-test_resnet", "encoder_depth": 5, "decoder_channels": [8] * 5},
    "dpt": {"encoder": "tu-test_vit", "decoder_channels": [8, 8], "fusion_channels": 8},
    "linear": {"encoder": "tu-test_vit"},
}
FLAT = ("encoder", "encoder_depth", "decoder_channels")
PROBE = {"train": ["head"], "freeze_norm_stats": True, "lanes": ["linear"]}


def protocol_data(lanes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The smallest board's protocol as data: of version 2 with these lanes, or of version 1."""
    protocol = board().protocol.model_dump()
    others = {k: value for k, value in protocol.items() if k not in (*FLAT, "version", "lanes")}
    if not lanes:
        return others | LANES["unet"]
    return others | {"version": 2, "lanes": {lane: LANES[lane] for lane in lanes}}


def lanes_board(lanes: tuple[str, ...] = ("unet", "dpt", "linear"), **changes: Any) -> BoardCard:
    """The smallest board with these lanes, and a strategy for lane `linear`."""
    data = board().model_dump() | {"id": "lanes_v1", "protocol": protocol_data(lanes)}
    if "linear" in lanes:
        data["strategies"]["probe"] = PROBE
    return BoardCard.model_validate(data | changes)


def shipped_source(name: str, encoder: str | None = None) -> SourceCard:
    """A shipped source, on another network if one is given."""
    return shipped_registry().source(f"{name}@{encoder}" if encoder else name)
