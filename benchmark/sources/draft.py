"""Drafts of source cards, from a checkpoint and the facts that its owner states."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from benchmark.cards.card import check_model, yaml_text
from benchmark.cards.source import SourceCard
from benchmark.files import sha256_of, write_text
from benchmark.models.weight_store import keep_weights
from benchmark.models.weights import save_tensors
from benchmark.sources.examine import ExaminedCheckpoint
from benchmark.workspace import Workspace


def write_draft(
    path: Path,
    examined: ExaminedCheckpoint,
    facts: Mapping[str, Any],
    statistics: tuple[Sequence[float], Sequence[float]],
    workspace: Workspace,
) -> SourceCard:
    """Keep the weights, as safetensors, and write the card.

    Args:
        path: Of the card.
        examined: The checkpoint.
        facts: title, domain, task, provides, saw, licence and citation.
        statistics: Mean and standard deviation per channel, of images in [0, 1].
        workspace: Where weights are kept.

    Raises:
        CardError: A fact is not valid on a card.
        WeightsError: The weights cannot be kept.
    """
    match, origin = examined.match, examined.origin
    if facts["provides"] == "encoder_decoder" and examined.with_decoder:
        match = examined.with_decoder
    with tempfile.TemporaryDirectory() as folder:
        file, hub = origin.path, origin.hub
        if not examined.checkpoint.as_stored:
            file, hub = Path(folder) / f"{path.stem}.safetensors", None
            save_tensors(file, examined.checkpoint.tensors, {})
        weights = {
            "file": Path(hub.file).name if hub else f"{path.stem}.safetensors",
            "sha256": sha256_of(file), "licence": facts["licence"],
            "hub": hub.model_dump() if hub else None,
            "key_prefix": match.key_prefix, "rename": [list(rule) for rule in match.rename],
            "convert": match.convert,
        }  # fmt: skip
        card = {
            "id": path.stem, "version": 1, "title": facts["title"], "domain": facts["domain"],
            "task": facts["task"], "provides": facts["provides"], "encoder": match.encoder,
            "input": {"channels": match.channels, "mean": list(map(float, statistics[0])),
                      "std": list(map(float, statistics[1]))},
            "weights": {key: value for key, value in weights.items() if value},
            "saw": [saw.model_dump(mode="json") for saw in facts["saw"]],
            "citation": facts["citation"],
        }  # fmt: skip
        source = check_model(card, SourceCard, path)
        keep_weights(source, file, origin.description, workspace)
    write_text(path, yaml_text(_in_flow_style(card)))
    return source


def _in_flow_style(value: Any, depth: int = 0) -> Any:
    """Lists of numbers and names, and groups inside lists, on one line each."""
    if isinstance(value, dict):
        group = CommentedMap({k: _in_flow_style(item, depth + 1) for k, item in value.items()})
        if depth > 1 or "channels" in value:
            group.fa.set_flow_style()
        return group
    if isinstance(value, list):
        items = CommentedSeq([_in_flow_style(item, depth + 1) for item in value])
        if not any(isinstance(item, (dict, list)) for item in value):
            items.fa.set_flow_style()
        return items
    return value
