"""Strategies on cards: old fingerprints, and combinations that make no sense."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.strategy import Strategy

ALL = ["encoder", "decoder", "head"]
LORA = {"lora": {"rank": 8, "alpha": 16}}


def strategy(train: list[str] | None = None, **fields: Any) -> Strategy:
    data = {"train": train or ALL, "freeze_norm_stats": True, **fields}
    return Strategy.model_validate_json(json.dumps(data), strict=True)


def test_strategies_of_the_first_release_keep_their_fingerprints() -> None:
    card = Registry.load(content_roots()).board("standard_v1").strategies["decoder"]
    first = {"train": ("decoder", "head"), "freeze_norm_stats": True, "stages": ()}
    assert card.model_dump() == first
    expected = "4d4dbc585fa589f979a3b4beeb9b13958e910c278b270ac24e1408a4d066b69c"
    assert fingerprint(card) == f"sha256:{expected}"


@pytest.mark.parametrize(
    "fields",
    [
        {"train": ["encoder.norm", "decoder", "head"]},
        {"train": ["encoder.bias", "encoder.norm"]},
        {"train": ["encoder.lora", "encoder.norm", "head"], **LORA},
        {"layer_decay": 1.0},
        {"train": ["encoder.3", "head"], "layer_decay": 0.5},
        {"train": ["head"], "stages": [{"train": ["encoder.lora"], "steps": 1, "learning_rate": 1}],
         **LORA},
    ],
)  # fmt: skip
def test_these_are_strategies(fields: dict[str, Any]) -> None:
    card = strategy(**fields)
    assert Strategy.model_validate_json(card.model_dump_json()) == card
    assert fingerprint(card) != fingerprint(strategy())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layer_decay": 0.0}, "greater than 0"),
        ({"layer_decay": 1.01}, "less than or equal to 1"),
        ({"train": ["decoder"], "layer_decay": 0.5}, "train the encoder, without lora"),
        (
            {"train": ["encoder.lora"], "layer_decay": 0.5, **LORA},
            "train the encoder, without lora",
        ),
        (
            {"train": ["encoder.lora"], "lora": {"rank": 0, "alpha": 1}},
            "or equal to 1",
        ),
        ({"train": ["encoder.lora"]}, "need each other"),
        (LORA, "need each other"),
        ({"train": ["encoder.lora", "encoder.2"], **LORA}, "leave encoder.2 out"),
        ({"train": ["encoder.lora", "encoder"], **LORA}, "encoder.lora is a part of encoder"),
        ({"train": ["encoder", "encoder.norm"]}, "encoder.norm is a part of encoder"),
        ({"train": ["encoder.bias", "head"], "lanes": ["linear"]}, "train no part of it"),
    ],
)
def test_these_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        strategy(**fields)


def test_a_strategy_may_have_learning_rates_of_its_own() -> None:
    own = strategy(["head"], learning_rates=[0.01])
    assert own.learning_rates == (0.01,)
    with pytest.raises(ValidationError, match="greater than 0"):
        strategy(["head"], learning_rates=[0.0])


def test_several_learning_rates_need_a_validation_subset() -> None:
    board = Registry.load(content_roots()).board("tiny_v2")
    two = strategy(["decoder", "head"], learning_rates=[0.01, 0.1])
    data = board.model_dump() | {"strategies": {"full": two.model_dump()}}
    assert BoardCard.model_validate(data).strategies["full"] == two
    data["protocol"] = board.protocol.model_dump() | {"checkpoint": "last"}
    with pytest.raises(ValidationError, match="needs checkpoint best_validation_dice"):
        BoardCard.model_validate(data)
