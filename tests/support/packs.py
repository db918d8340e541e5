"""Runs that were never trained: real cards, fingerprints, label maps and scores, in a second."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from support.factories import make_record

from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import resolve_target
from benchmark.models.weight_store import import_weights
from benchmark.planning.comparators import find_source, own_baselines
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.predictions import prediction_log
from benchmark.records.record import Coverage, RunRecord
from benchmark.records.store import Store, read_record
from benchmark.running.case_scores import score_case
from benchmark.submission.manifest import Manifest, PackedFile, derived_files
from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.verify import verify_submission
from benchmark.submission.write_pack import pack_submission
from benchmark.workspace import Workspace

SEED0 = "phantom_fetal_head_64/own_encoder/full/nall/seed0.json"
SEED1 = SEED0.replace("seed0", "seed1")
CARD = """
id: {name}
version: 1
title: {title}
domain: natural
task: classification
provides: encoder
encoder: {encoder}
input: {{channels: 1, mean: [0.5], std: [0.25]}}
weights: {{file: {name}.safetensors, sha256: {sha256}, licence: MIT}}
"""


@dataclass
class Machine:
    """A machine: cards, local data and weights, and an accepted board to join."""

    root: Path
    registry: Registry
    board: BoardCard

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.registry, self.home)

    @property
    def accepted(self) -> Store:
        return Store(self.root / "leaderboards" / self.board.id)

    def run(self, name: str, *sources: str, seeds: tuple[int, ...] = ()) -> Store:
        """A run folder of some sources."""
        store = Store(self.root / name)
        copy_board(self, store)
        chosen = GridSelection(sources=sources, seeds=seeds)
        for transfer in plan(self.workspace, self.board, chosen):
            store.write(simulated_record(self, transfer, store))
        return store


def make_machine(root: Path) -> Machine:
    """A machine; its board, the smallest one with one target, has accepted records of scratch."""
    registry = Registry.load(content_roots())
    board = registry.board("tiny_v2")
    board = board.model_copy(update={"targets": board.targets[:1]})
    registry = replace(registry, boards={**registry.boards, board.id: board})
    machine = Machine(root, registry, board)
    copy_board(machine, machine.accepted)
    chosen = GridSelection(sources=("scratch",))
    for transfer in plan(Workspace(registry, machine.home), machine.board, chosen):
        machine.accepted.write(simulated_record(machine, transfer, machine.accepted, maps=False))
    return machine


def add_source(
    machine: Machine, name: str, title: str = "An encoder", encoder: str = "tu-test_resnet"
) -> Path:
    """A card with weights that are registered; the registry knows it from now on."""
    weights = machine.root / f"{name}.safetensors"
    weights.write_bytes(name.encode())
    card = machine.root / "cards" / f"{name}.yaml"
    card.parent.mkdir(exist_ok=True)
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    card.write_text(CARD.format(name=name, title=title, encoder=encoder, sha256=sha256))
    machine.registry = find_source(machine.workspace, str(card))[0].registry
    import_weights(machine.workspace, name, weights)
    return card


def copy_board(machine: Machine, store: Store) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "board.yaml").write_text(machine.board.model_dump_json())


def simulated_record(
    machine: Machine, transfer: Transfer, store: Store, maps: bool = True
) -> RunRecord:
    """A record whose predictions are the references with some pixels lost."""
    opened = resolve_target(machine.workspace, transfer.target)
    log = store.folder / "predictions" / transfer.cell.path
    cases = []
    with prediction_log(log, transfer.key, "a processor", maps) as note:
        for name in opened.names("test"):
            seed = hashlib.sha256(f"{transfer.key}{name}".encode()).digest()
            rng = np.random.default_rng(list(seed[:8]))
            loaded = load_case(opened.card, opened.cases[name])
            kept = rng.random(loaded.mask.shape) < rng.uniform(0.3, 0.95)
            labels = (loaded.mask * kept).astype(np.uint8)
            note(name, labels)
            cases += score_case(transfer.target, opened.card, opened.cases[name], loaded, labels)
    train = sorted({row.subject for row in opened.rows if row.subset == "train"})
    base, source = make_record(), transfer.source
    covered = Coverage(
        matched=1, missing=(), mismatched=(), unused=(), parameter_share=1.0
    )  # fmt: skip
    return base.model_copy(update={
        "cell": transfer.cell, "key": transfer.key, "fingerprints": transfer.fingerprints,
        "marks": transfer.marks, "cases": tuple(cases),
        "main_metric": transfer.target.main_metric,
        "coverage": None if source.provides == "nothing" else covered,
        "source": base.source.model_copy(update={
            "title": source.title, "domain": source.domain, "task": source.task,
            "encoder": transfer.encoder,
        }),
        "selection": base.selection.model_copy(update={
            "learning_rate": machine.board.protocol.learning_rates[0],
            "train_subjects": tuple(train),
        }),
    })  # fmt: skip


def make_pack(
    machine: Machine,
    out: Path,
    source: str = "own_encoder",
    *,
    maps: bool = False,
    folder: str = "run",
) -> Path:
    """The pack of a source of a run folder."""
    card = machine.registry.source(source)
    baselines = own_baselines(machine.registry, machine.board, card)
    pack_submission(
        Store(machine.root / folder), card, out, baselines=baselines, with_predictions=maps
    )
    return out


def findings(machine: Machine, path: Path) -> dict[str, str]:
    """The problems of each check that refuses a pack; both reports must be printable."""
    with verify_submission(path, machine.workspace, machine.accepted) as verdict:
        for text in (to_markdown(verdict), to_html(verdict)):
            assert text.replace("\n", "").isprintable()
        checks = verdict.checklist.checks
        return {check.name: " | ".join(check.problems) for check in checks if check.problems}


def edit_record(folder: Path, name: str, change: dict[str, object]) -> None:
    """Change a record of an unpacked pack; a dotted key leads to a nested fact."""
    path = folder / "records" / name
    data = json.loads(path.read_text())
    for key, value in change.items():
        *way, last = key.split(".")
        inner = data
        for step in way:
            inner = inner[int(step) if step.isdigit() else step]
        inner[last] = value
    path.write_text(json.dumps(data))


def derive_again(folder: Path, **facts: object) -> None:
    """Compute again all files that are derived from the records, as a careful cheat would."""
    records = {
        path.relative_to(folder / "records").as_posix(): read_record(path)
        for path in sorted((folder / "records").rglob("*.json"))
    }
    for name, text in derived_files(records).items():
        (folder / name).write_text(text)
    write_manifest(folder, **facts)


def write_manifest(folder: Path, **facts: object) -> None:
    """Write a manifest of the files as they are."""
    path = folder / "manifest.json"
    old = json.loads(path.read_text())
    path.unlink()
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    old["files"] = {
        one.relative_to(folder).as_posix(): PackedFile.of(one).model_dump() for one in files
    }
    path.write_text(json.dumps(Manifest(**(old | facts)).model_dump(mode="json")))
