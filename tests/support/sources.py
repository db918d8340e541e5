"""Source cards with weights in a home folder, for tests of `source check`."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from support.factories import workspace_at

from benchmark.cards.card import check_model
from benchmark.cards.source import SourceCard
from benchmark.files import sha256_of
from benchmark.models.encoders import build_encoder
from benchmark.models.weight_store import keep_weights


def encoder_tensors(encoder: str = "tu-test_resnet", channels: int = 3) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return torch.nn.Module.state_dict(build_encoder(encoder, channels))


def stored_source(
    home: Path, state: dict[str, torch.Tensor], encoder: str = "tu-test_resnet", channels: int = 3,
    **changes: Any,
) -> SourceCard:  # fmt: skip
    """A card, and its weights in the home folder."""
    file = home / "mine.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, file)
    card = check_model(
        {
            "id": "mine", "version": 1, "title": "Mine", "domain": "natural",
            "task": "classification", "provides": "encoder", "encoder": encoder,
            "input": {"channels": channels, "mean": [0.5] * channels, "std": [0.5] * channels},
            "weights": {"file": file.name, "sha256": sha256_of(file), "licence": "MIT",
                        **changes.pop("weights", {})},
            "saw": [{"dataset": "elsewhere", "subjects": "all"}], **changes,
        },
        SourceCard, Path("mine.yaml"),
    )  # fmt: skip
    keep_weights(card, file, "test", workspace_at(home))
    return card
