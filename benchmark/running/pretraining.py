"""In-suite source tasks: pretrained once, when they are asked for or a board first needs them."""

import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from ruamel.yaml import YAML

from benchmark.cards.board import BoardCard
from benchmark.cards.task import Pretraining, SourceCard
from benchmark.data.preprocessing import Prepared, Preprocessing, prepare
from benchmark.data.resolve import ResolvedDataset, resolve_dataset
from benchmark.errors import DataError
from benchmark.files import sha256_of, write_text
from benchmark.models.networks import build_network
from benchmark.models.weights import save_network
from benchmark.planning.source_weights import pretrained_folder, pretraining_cases
from benchmark.training.fine_tuning import resident
from benchmark.training.pretraining.loop import pretrain
from benchmark.training.pretraining.objectives import Objective, Samples, make_objective
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

MOST_VALIDATION_SLICES = 512
LEAST_CONTENT = 0.05


def ensure_pretrained(
    workspace: Workspace,
    board: BoardCard,
    source: SourceCard,
    device: torch.device,
    progress: Progress = no_progress,
) -> Path:
    """Folder with model.safetensors and pretraining.json, made now if it is not there.

    A second process waits for the first. What was stopped is taken up again at its last
    evaluation. The weights are written before pretraining.json, whose presence says that they
    are whole.

    Raises:
        BenchmarkError: The data or the recipe are not what the cards say.
    """
    recipe = source.pretrain
    assert recipe is not None
    folder = pretrained_folder(workspace, board, source)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if (folder / "pretraining.json").is_file():
            return folder
        opened = resolve_dataset(workspace, recipe.dataset).where(recipe.where)
        learning, watching = pretraining_cases(opened)
        data = _prepared(opened, recipe, [*learning, *watching], workspace.prepared, progress)
        used = [
            choose_rows(data, learning, recipe.max_items),
            choose_rows(data, watching, MOST_VALIDATION_SLICES),
        ]
        train, val = (samples(data, rows, device) for rows in used)
        torch.manual_seed(recipe.seed)
        objective = _objective(board, source, recipe, opened, data).to(device)
        checkpoint = folder / "checkpoint.pt"
        stage = f"pretraining {source.id}"
        result = pretrain(
            objective, train, val, recipe, checkpoint, lambda k, n: progress(stage, k, n)
        )
        weights = folder / "model.safetensors"
        only = "encoder." if source.provides == "encoder" else ""
        save_network(weights, objective.network, {"source": source.id}, only=only)
        facts = {
            "source": source.id,
            "sha256": "sha256:" + sha256_of(weights),
            "recipe": recipe.model_dump(mode="json"),
            "saw": {
                "dataset": opened.card.id,
                "trained_on": subjects_of(data, used[0]),
                "watched_on": subjects_of(data, used[1]),
            },
            "items": {"train": len(train.images), "val": len(val.images)},
            "chance": result.chance,
            "curve": result.curve,
        }
        write_text(folder / "pretraining.json", json.dumps(facts, indent=1) + "\n")
        checkpoint.unlink(missing_ok=True)
    return folder


def choose_rows(data: Prepared, names: list[str], most: int | None) -> npt.NDArray[np.int64]:
    """Slices with content (5 % of their pixels above 0), at most `most`, smaller caps nested.

    Raises:
        DataError: There is none.
    """
    rows = data.rows(names)
    content = [float((data.images[row] > 0).mean()) >= LEAST_CONTENT for row in rows]
    rows = rows[np.array(content, bool)]
    if not len(rows):
        raise DataError("no slice with content to pretrain on")
    if most is not None and most < len(rows):
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:most])
    return rows


def samples(data: Prepared, rows: npt.NDArray[np.int64], device: torch.device) -> Samples:
    """These slices on the device."""
    classes = np.concatenate(
        [np.full(c.slices, -1 if c.category is None else c.category) for c in data.cases]
    )
    return Samples(
        resident(data.images[rows], device),
        resident(data.masks[rows], device),
        torch.from_numpy(classes[rows]).to(device),
    )


def subjects_of(data: Prepared, rows: npt.NDArray[np.int64]) -> list[str]:
    """Whose slices these are."""
    names = np.concatenate([np.full(c.slices, c.subject) for c in data.cases])
    return sorted(set(names[rows].tolist()))


def _prepared(
    opened: ResolvedDataset,
    recipe: Pretraining,
    names: list[str],
    root: Path,
    progress: Progress,
) -> Prepared:
    labelled = recipe.objective == "segmentation"
    how = Preprocessing(
        labels=tuple((name, (name,)) for name in opened.card.labels) if labelled else (),
        intensity=recipe.intensity,
        slice_axis=recipe.slice_axis,
        input_size=recipe.input_size,
    )
    return prepare(
        opened.card, [opened.cases[name] for name in names], opened.fingerprint, how, root,
        lambda done, total: progress(f"preparing {opened.card.id}", done, total),
    )  # fmt: skip


def _objective(
    board: BoardCard,
    source: SourceCard,
    recipe: Pretraining,
    opened: ResolvedDataset,
    data: Prepared,
) -> Objective:
    card = opened.card
    if recipe.objective == "classification" and len(card.classes) < 2:
        raise DataError(f"{card.id}: classification needs `classes` on the data set's card")
    outputs = {"segmentation": len(card.labels) + 1, "restoration": data.images.shape[1]}
    network = build_network(
        source.encoder or board.protocol.encoder,
        channels=source.input.channels,
        classes=outputs.get(recipe.objective, 1),
        input_size=recipe.input_size,
        decoder_channels=board.protocol.decoder_channels,
        encoder_depth=board.protocol.encoder_depth,
        normalisation_mean=source.input.mean,
        normalisation_std=source.input.std,
    )
    return make_objective(recipe.objective, network, len(card.classes), recipe.augmentation)


def summary(folder: Path) -> str:
    """What a user wants to read after a pretraining."""
    facts = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    curve = facts["curve"]
    lines = [
        f"{facts['source']}: {facts['recipe']['objective']} on {facts['saw']['dataset']}",
        f"  trained on {facts['items']['train']} images of {len(facts['saw']['trained_on'])} "
        f"subjects, watched on {facts['items']['val']} of {len(facts['saw']['watched_on'])}",
        f"  validation score {curve[-1][2]:.3f}; untrained {curve[0][2]:.3f}, "
        f"chance {facts['chance']:.3f}",
        *(f"    step {step}: loss {loss:.4f}, score {score:.3f}" for step, loss, score in curve),
    ]
    return "\n".join(lines)


def export(source: SourceCard, board: BoardCard, folder: Path, out: Path) -> Path:
    """Put weights, facts and a source card of their own under `out`; returns the card's path.

    `segtransfer --content OUT source import ID --from OUT/model.safetensors` then gives a source
    that no longer needs the data it was made from.
    """
    facts = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    name = f"{source.id}_weights".replace("@", "_")
    seen = [*facts["saw"]["trained_on"], *facts["saw"]["watched_on"]]
    card = source.model_dump(mode="json", exclude_none=True, exclude={"pretrain", "saw"})
    card |= {
        "id": name,
        "encoder": source.encoder or board.protocol.encoder,
        "weights": {
            "file": f"{name}.safetensors",
            "sha256": facts["sha256"].removeprefix("sha256:"),
            "licence": "that of the data it was made from",
            "key_prefix": "encoder.",
        },
        "saw": [{"dataset": facts["saw"]["dataset"], "subjects": seen}],
    }
    path = out / "tasks" / "source" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "model.safetensors", out / f"{name}.safetensors")
    shutil.copyfile(folder / "pretraining.json", out / f"{name}.json")
    text = StringIO()
    YAML().dump(card, text)
    write_text(path, text.getvalue())
    return path
