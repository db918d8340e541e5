"""One test case scored in its native grid, label by label; imports no torch."""

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.preprocessing import IGNORE, Preprocessing, merge_labels
from benchmark.data.slices import AXES
from benchmark.errors import DataError
from benchmark.records.record import CaseScore
from benchmark.scoring.label_masks import LabelMasks
from benchmark.scoring.metrics import score_label


def score_case(
    target: TargetCard,
    card: DatasetCard,
    case: Case,
    loaded: LoadedCase,
    prediction: npt.NDArray[np.generic] | None,
) -> list[CaseScore]:
    """All metrics of each label of a case, rounded to six digits.

    Args:
        target: Names labels and metrics.
        card: Card of the data set.
        case: The case.
        loaded: Its pixels; the mask is the reference.
        prediction: Labels 1 ... L in the shape of the mask; 0 is background. None: each structure
            counts as missed, or, where there is none, as predicted everywhere.

    Raises:
        DataError: The target asks for distances, but the data set gives no pixel spacing.
    """
    reference = merge_labels(loaded.mask, card, Preprocessing.of_target(target))
    valid = reference != IGNORE if card.ignore_value is not None else None
    scores = []
    for number, label in enumerate(target.labels, start=1):
        true = reference == number
        worst = np.full_like(true, not true.any())
        predicted = worst if prediction is None else prediction == number
        try:
            masks = LabelMasks(
                predicted, true, loaded.spacing_mm, valid=valid, image=loaded.image,
                minimum_lesion_volume_mm3=target.minimum_lesion_volume_mm3,
                tolerance_mm=target.tolerance_of(label),
                slice_axis=AXES[target.slice_axis] if target.slice_axis else -1,
            )  # fmt: skip
            values = score_label(masks, target.metrics)
        except ValueError as error:
            raise DataError(f"target task {target.id}, case {case.case!r}: {error}") from None
        scores.append(
            CaseScore(
                case=case.case,
                subject=case.subject,
                label=label,
                reference_empty=not masks.reference.any(),
                prediction_empty=not masks.prediction.any(),  # pixels to ignore left out
                scores={metric: round(value, 6) for metric, value in values.items()},
            )
        )
    return scores
