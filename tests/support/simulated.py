"""Boards of generated records with known effects, for figures and exports."""

from collections.abc import Sequence

import numpy as np
from support.factories import board, make_record

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.records.cell import cell_key
from benchmark.records.record import CaseScore, RunRecord

# source: domain, task, effect
SOURCES = {
    "scratch": ("none", "none", 0.0),
    "imagenet_resnet18_torchvision": ("natural", "classification", 0.03),
    "natural_restoration": ("natural", "self_supervised", 0.01),
    "natural_salient_segmentation": ("natural", "segmentation", 0.05),
    "t1_brain_classification": ("brain_mri", "classification", 0.02),
    "t1_brain_restoration": ("brain_mri", "self_supervised", 0.03),
    "t1_brain_segmentation": ("brain_mri", "segmentation", 0.06),
}
TARGETS = {
    "fetal_head_hc18": ("ultrasound", 0.85),
    "stroke_atlas_v2": ("brain_mri", 0.45),
    "ms_mslesseg": ("brain_mri", 0.75),
}
DOMAINS = {name: domain for name, (domain, _) in TARGETS.items()}


def simulated_board(
    sources: Sequence[str] = tuple(SOURCES),
    targets: Sequence[str] = tuple(TARGETS),
    strategies: Sequence[str] = ("full",),
    sizes: Sequence[int] = (0,),
    seeds: Sequence[int] = (0, 1, 2),
) -> BoardCard:
    """The demo board's protocol with another grid."""
    full = board().strategies["full"]
    return board().model_copy(
        update={
            "sources": tuple(sources),
            "targets": tuple(targets),
            "strategies": dict.fromkeys(strategies, full),
            "train_subjects": tuple(sizes),
            "seeds": tuple(seeds),
        }
    )


def simulated_records(
    card: BoardCard,
    subjects: int = 24,
    *,
    synthetic: bool = True,
    cases: int = 1,
    seed: int = 0,
) -> list[RunRecord]:
    """Every cell of a board; subjects and their difficulty are shared by all entries."""
    rng = np.random.default_rng(seed)
    records = []
    for target in card.targets:
        domain, level = TARGETS.get(target, ("ct", 0.6))
        easy = rng.normal(0, 0.08, (subjects, cases))
        for number, source in enumerate(card.sources):
            facts = SOURCES.get(source, ("natural", "classification", 0.02))
            gain = facts[2] + 0.06 * (facts[0] == domain) + rng.normal(0, 0.01)
            for place, strategy in enumerate(card.strategies):
                for size in card.train_subjects:
                    short = 0.25 / np.sqrt(size) if size else 0.02
                    mean = level + gain - short * (1 - 4 * gain) - 0.03 * place
                    for run in card.seeds:
                        noise = rng.normal(0, 0.03, (subjects, cases)) + rng.normal(0, 0.008)
                        scores = np.clip(mean + easy + noise, 0, 1).round(6)
                        made = make_record(source, target, run)
                        cell = made.cell.model_copy(
                            update={"strategy": strategy, "train_subjects": size}
                        )
                        prints = made.fingerprints.model_copy(
                            update={"strategy": fingerprint(card.strategies[strategy])}
                        )
                        records.append(
                            made.model_copy(update={
                                "cell": cell,
                                "key": cell_key(cell, prints),
                                "fingerprints": prints,
                                "marks": made.marks.model_copy(update={"synthetic": synthetic}),
                                "source": made.source.model_copy(
                                    update={"domain": facts[0], "task": facts[1]}
                                ),
                                "selection": made.selection.model_copy(
                                    update={"train_subjects": tuple(
                                        f"t{k}" for k in range(size or 60)
                                    )}
                                ),
                                "cost": made.cost.model_copy(update={
                                    "total_parameters": 11_000_000,
                                    "trainable_parameters": 11_000_000 // (1 + place),
                                    "training_gflop": 900.0 + 400.0 * (number % 3) - 300.0 * place,
                                    "fine_tuning_seconds": 30.0 + 7.0 * number - 9.0 * place,
                                    "peak_memory_mib": 900.0 + 90.0 * (number % 4),
                                }),
                                "cases": tuple(
                                    CaseScore(
                                        case=f"p{k:02}_{c}" if cases > 1 else f"p{k:02}",
                                        subject=f"p{k:02}", label="head",
                                        reference_empty=False,
                                        prediction_empty=bool(scores[k, c] == 0),
                                        scores={"dice": float(scores[k, c])},
                                    )
                                    for k in range(subjects) for c in range(cases)
                                ),
                            })
                        )  # fmt: skip
    return records
