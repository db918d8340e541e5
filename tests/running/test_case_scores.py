"""What a target card says reaches the metrics of each label."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from support.factories import shipped_registry

from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import resolve_target
from benchmark.running.case_scores import score_case
from benchmark.workspace import Workspace


def test_each_label_is_scored_at_its_own_tolerance(tmp_path: Path) -> None:
    target = (
        shipped_registry()
        .target("phantom_ct_device_a_32")
        .model_copy(
            update={"metrics": ("nsd",), "tolerance_mm": {"muscle": 1000.0, "liver": 0.001}}
        )
    )
    data = resolve_target(Workspace(shipped_registry(), tmp_path), target)
    case = data.cases[data.names("test")[0]]
    loaded = load_case(data.card, case)
    shifted = np.roll(loaded.mask, 1, axis=-1)
    muscle, liver = score_case(target, data.card, case, loaded, shifted)
    assert muscle.scores == {"nsd": 1.0} and 0 <= liver.scores["nsd"] < 1


def test_what_is_predicted_in_pixels_to_ignore_only_is_not_invented(tmp_path: Path) -> None:
    """Its Dice is 1, so that it may not count among the failures either."""
    target = shipped_registry().target("phantom_stroke_lesion_64")
    data = resolve_target(Workspace(shipped_registry(), tmp_path), target)
    card = data.card.model_copy(update={"ignore_value": 9})
    case = data.cases[data.names("test")[0]]
    loaded = load_case(data.card, case)
    mask, prediction = np.zeros_like(loaded.mask), np.zeros_like(loaded.mask)
    mask[:3], prediction[:2] = 9, 1
    (row,) = score_case(target, card, case, replace(loaded, mask=mask), prediction)
    assert row.scores["dice"] == 1 and row.reference_empty and row.prediction_empty
    prediction[:4] = 1
    (row,) = score_case(target, card, case, replace(loaded, mask=mask), prediction)
    assert row.scores["dice"] == 0 and row.reference_empty and not row.prediction_empty
