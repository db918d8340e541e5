"""A board with three lanes and its records."""

from collections.abc import Iterable, Mapping
from typing import Any

from support.factories import board, make_record

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import Lane
from benchmark.records.cell import cell_key
from benchmark.records.record import RunRecord

ENCODERS: dict[Lane, str] = {
    "unet": "tu-test_resnet",
    "dpt": "tu-test_vit",
    "linear": "tu-test_vit",
}
DECODERS: dict[Lane, dict[str, Any]] = {
    "unet": {"encoder_depth": 5, "decoder_channels": [8] * 5},
    "dpt": {"decoder_channels": [8, 8], "fusion_channels": 8},
    "linear": {},
}
FLAT = ("encoder", "encoder_depth", "decoder_channels")
Scores = Mapping[str, tuple[float, ...]]  # Dice of each subject, by source


def laned_board(lanes: Iterable[Lane] = ("unet", "dpt"), **changes: Any) -> BoardCard:
    """The smallest board with these lanes; lane `linear` has the strategy `linear`."""
    data = board().model_dump()
    protocol = {key: value for key, value in data["protocol"].items() if key not in FLAT}
    decoders = {lane: {"encoder": ENCODERS[lane], **DECODERS[lane]} for lane in lanes}
    data["protocol"] = protocol | {"version": 2, "lanes": decoders}
    if "linear" in decoders:
        probe = {"train": ["head"], "freeze_norm_stats": True, "lanes": ["linear"]}
        data["strategies"]["linear"] = probe
    return BoardCard.model_validate(data | changes)


def lane_records(card: BoardCard, lane: Lane, scores: Scores, encoder: str = "") -> list[RunRecord]:
    """Records of these sources on every target, with every seed, in one lane."""
    strategy = "linear" if lane == "linear" else "full"
    found = []
    for target in card.targets:
        for source, dice in scores.items():
            for seed in card.seeds:
                own = {f"s{number}": value for number, value in enumerate(dice)}
                network = encoder or ENCODERS[lane]
                made = make_record(source, target, seed, own, encoder=network)
                cell = made.cell.model_copy(update={"lane": lane, "strategy": strategy})
                prints = made.fingerprints.model_copy(
                    update={
                        "protocol": card.protocol_fingerprint(lane),
                        "strategy": card.strategy_fingerprint(strategy),
                    }
                )
                update = {"cell": cell, "fingerprints": prints, "key": cell_key(cell, prints)}
                found.append(made.model_copy(update=update))
    return found
