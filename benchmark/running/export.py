"""What a pretraining gave: in a few lines, and as a source of its own."""

import shutil
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import yaml_text
from benchmark.cards.source import SourceCard
from benchmark.files import write_text
from benchmark.planning.source_weights import (
    FACTS_FILE,
    WEIGHTS_FILE,
    pretraining_network,
    read_facts,
)


def summary(folder: Path) -> str:
    """Result of a pretraining in a few lines."""
    facts = read_facts(folder)
    curve = facts["curve"]
    lines = [
        f"{facts['source']}: {facts['recipe']['objective']} on {facts['saw']['dataset']}",
        f"  trained on {facts['items']['train']} images of {len(facts['saw']['trained_on'])} "
        f"subjects, validated on {facts['items']['val']} of {len(facts['saw']['watched_on'])}",
        f"  validation score {curve[-1][2]:.3f}; untrained {curve[0][2]:.3f}, "
        f"chance {facts['chance']:.3f}",
        *(f"    step {step}: loss {loss:.4f}, score {score:.3f}" for step, loss, score in curve),
    ]
    return "\n".join(lines)


def export(source: SourceCard, board: BoardCard, folder: Path, out: Path) -> Path:
    """Export weights, facts and a source card of their own to `out`; returns the card's path.

    `segtransfer --content OUT source import ID --from OUT/ID.safetensors` then gives a source that
    no longer needs the data it was pretrained on.
    """
    facts = read_facts(folder)
    name = f"{source.id}_weights".replace("@", "_")
    subjects = [*facts["saw"]["trained_on"], *facts["saw"]["watched_on"]]
    card = source.model_dump(mode="json", exclude_none=True, exclude={"pretrain", "saw"})
    card |= {
        "id": name,
        "encoder": pretraining_network(board, source)[0],
        "weights": {
            "file": f"{name}.safetensors",
            "sha256": facts["sha256"].removeprefix("sha256:"),
            "licence": "that of the data it was made from",
            "key_prefix": "encoder.",
        },
        "saw": [{"dataset": facts["saw"]["dataset"], "subjects": subjects}],
    }
    path = out / "tasks" / "source" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / WEIGHTS_FILE, out / f"{name}.safetensors")
    shutil.copyfile(folder / FACTS_FILE, out / f"{name}.json")
    write_text(path, yaml_text(card))
    return path
