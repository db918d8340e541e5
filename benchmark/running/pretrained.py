"""In-suite source tasks: pretrained once, when a board first needs them."""

import json
from collections.abc import Callable
from pathlib import Path

import torch

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.data.local import open_data
from benchmark.data.prepare import Preprocessing, prepare
from benchmark.models.networks import build_unet
from benchmark.models.weights import save_network, sha256_of
from benchmark.records.store import write_text
from benchmark.running.plan import pretrained_folder
from benchmark.training.pretrain import pretrain


def ensure_pretrained(
    registry: Registry,
    board: BoardCard,
    source: SourceCard,
    home: Path,
    device: torch.device,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Folder with model.safetensors and pretraining.json, made now if it is not there.

    The weights are written before pretraining.json, whose presence says that they are whole.
    """
    recipe = source.pretrain
    assert recipe is not None
    folder = pretrained_folder(registry, board, source, home)
    if (folder / "pretraining.json").is_file():
        return folder
    opened = open_data(registry, recipe.dataset, home)
    card = opened.card
    how = Preprocessing(
        labels=tuple((name, (name,)) for name in card.labels),
        intensity=recipe.intensity,
        slice_axis=recipe.slice_axis,
        input_size=recipe.input_size,
    )
    cases = [opened.cases[name] for name in opened.names("train", "pretrain")]
    data = prepare(card, cases, opened.fingerprint, how, home)
    torch.manual_seed(recipe.seed)
    network = build_unet(
        source.encoder or board.protocol.encoder,
        channels=source.input.channels,
        classes=len(card.labels) + 1 if recipe.objective == "segmentation" else 1,
        decoder_channels=board.protocol.decoder_channels,
        encoder_depth=board.protocol.encoder_depth,
        normalisation_mean=source.input.mean,
        normalisation_std=source.input.std,
    ).to(device)
    losses = pretrain(network, data, recipe, device, progress)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "model.safetensors"
    save_network(weights, network, {"source": source.id, "dataset": card.id})
    facts_text = {
        "source": source.id,
        "sha256": "sha256:" + sha256_of(weights),
        "recipe": recipe.model_dump(mode="json"),
        "saw": {"dataset": card.id, "subjects": sorted({case.subject for case in cases})},
        "slices": len(data.images),
        "loss": [round(value, 6) for value in losses],
    }
    write_text(folder / "pretraining.json", json.dumps(facts_text, indent=1) + "\n")
    return folder
