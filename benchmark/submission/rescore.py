"""The packed label maps scored again, with our code and our references."""

from collections.abc import Iterator

from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import ResolvedDataset
from benchmark.records.predictions import prediction_sha256, read_map
from benchmark.records.record import CaseScore, RunRecord
from benchmark.running.case_scores import score_case
from benchmark.submission.claims import TargetConditions
from benchmark.submission.limits import SCORE_TOLERANCE
from benchmark.submission.read_pack import Submission


def can_rescore(record: RunRecord, data: ResolvedDataset | None) -> bool:
    """Whether the references of all cases of a record are on this machine."""
    return data is not None and all(row.case in data.cases for row in record.cases)


def rescore_problems(
    submission: Submission, name: str, conditions: TargetConditions
) -> Iterator[str]:
    """Scores and hashes of a record that are not those of its label maps.

    Args:
        submission: Has the maps of this record.
        name: Path of the record.
        conditions: Of the target; its data are on this machine.

    Raises:
        RecordError: A map is damaged or has another shape than its reference.
    """
    data = conditions.data
    assert data is not None
    reported = {(row.case, row.label): row for row in submission.records[name].cases}
    for number, (case, sha256) in enumerate(submission.hashes[name].cases.items()):
        loaded = load_case(data.card, data.cases[case])
        labels = read_map(submission.maps(name), number, loaded.mask.shape)
        if prediction_sha256(labels) != sha256:
            yield f"case {case!r}: the label map has another SHA-256"
            continue
        for row in score_case(conditions.card, data.card, data.cases[case], loaded, labels):
            if not _equal(row, reported.get((case, row.label))):
                yield f"case {case!r}, {row.label}: scores are not those of its label map"


def _equal(computed: CaseScore, reported: CaseScore | None) -> bool:
    """Whether two rows are equal, scores up to rounding."""
    if reported is None or computed.scores.keys() != reported.scores.keys():
        return False
    return computed.model_copy(update={"scores": reported.scores}) == reported and all(
        abs(value - reported.scores[name]) <= SCORE_TOLERANCE
        for name, value in computed.scores.items()
    )
