"""What the record of a cell holds whose training diverged: the failure and the worst scores."""

from collections.abc import Sequence

from benchmark.data.layouts.registry import load_case
from benchmark.errors import Diverged
from benchmark.records.record import CaseScore, Failure, Selection
from benchmark.records.sequence_record import SequenceStage
from benchmark.running.case_scores import score_case
from benchmark.running.setup import Setup
from benchmark.running.target_data import TargetData


def failure(error: Diverged) -> Failure:
    """The divergence as a record states it."""
    return Failure(reason=error.what, step=error.step, learning_rate=error.learning_rate)


def no_selection(error: Diverged, rates: Sequence[float], subjects: tuple[str, ...]) -> Selection:
    """Where the training ended, in the place of a selection.

    Args:
        error: The divergence.
        rates: The protocol's learning rates; those of earlier stages are not among them.
        subjects: That the training used.
    """
    return Selection(
        learning_rate=error.learning_rate if error.learning_rate in rates else rates[0],
        step=error.step,
        validation_dice=None,
        curve=(),
        train_subjects=subjects,
    )


def fold_failures(setups: Sequence[Setup], error: Diverged) -> tuple[Selection, ...]:
    """`no_selection` for each fold of a cell."""
    return tuple(
        no_selection(
            error, setup.data.transfer.protocol.learning_rates, setup.data.training_set.subjects
        )
        for setup in setups
    )


def worst_scores(data: TargetData) -> tuple[tuple[CaseScore, ...], dict[str, float] | None]:
    """Scores of all test cases in which every structure was missed or invented; pooled scores."""
    target, card = data.transfer.target, data.dataset.card
    cases = tuple(
        score
        for case in map(data.dataset.cases.__getitem__, data.dataset.names("test"))
        for score in score_case(target, card, case, load_case(card, case), None)
    )
    return cases, dict.fromkeys(data.board.pooled_metrics, 0.0) or None


def not_trained(failed: SequenceStage, devices: tuple[str, ...]) -> SequenceStage:
    """A stage of a sequence after the one that failed: nothing is trained, nothing is found."""
    nothing = {"training_gflop": 0.0, "fine_tuning_seconds": 0.0, "total_seconds": 0.0}
    energy = None if failed.cost.energy_joules is None else 0.0
    cost = failed.cost.model_copy(update=nothing | {"energy_joules": energy})
    return failed.model_copy(update={"trained_on": devices, "cost": cost})
