"""The packed label maps scored again, with our code and our references."""

from collections.abc import Iterator

import numpy as np

from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import ResolvedDataset
from benchmark.records.predictions import prediction_sha256, read_map
from benchmark.records.record import CaseScore, RunRecord
from benchmark.running.case_scores import score_case
from benchmark.submission.claims import TargetConditions
from benchmark.submission.read_pack import Pack

ROUNDING = 1.5e-6  # scores have six digits


def rescored(pack: Pack, name: str, facts: TargetConditions) -> Iterator[str]:
    """Where a record's scores or hashes are not those of its label maps.

    Args:
        pack: Has the maps of this record.
        name: Path of the record.
        facts: Of the target; its data are here.

    Raises:
        RecordError: A map is damaged or has another shape than its reference.
    """
    assert facts.opened is not None
    record, hashes = pack.records[name], pack.hashes[name]
    said: dict[str, list[CaseScore]] = {}
    for row in record.cases:
        said.setdefault(row.case, []).append(row)
    for number, (case, sha256) in enumerate(hashes.cases.items()):
        known = facts.opened.cases[case]
        loaded = load_case(facts.opened.card, known)
        labels = read_map(pack.maps(name), number, loaded.mask.shape)
        if prediction_sha256(labels) != sha256:
            yield f"{name}: case {case!r}: the label map has another SHA-256"
            continue
        found = score_case(facts.card, facts.opened.card, known, loaded, labels)
        for one in found:
            if not any(_same(one, row) for row in said[case] if row.label == one.label):
                yield f"{name}: case {case!r}, {one.label}: scores are not those of its label map"


def can_rescore(record: RunRecord, opened: ResolvedDataset | None) -> bool:
    """Whether the references of all its cases are on this machine."""
    return opened is not None and all(row.case in opened.cases for row in record.cases)


def _same(one: CaseScore, two: CaseScore) -> bool:
    if one.scores.keys() != two.scores.keys():
        return False
    found, said = ([row.scores[name] for name in one.scores] for row in (one, two))
    facts = [(row.subject, row.reference_empty, row.prediction_empty) for row in (one, two)]
    return facts[0] == facts[1] and bool(np.allclose(found, said, rtol=0, atol=ROUNDING))
