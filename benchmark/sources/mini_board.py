"""A small board for one source: small images, few steps, and `scratch` on the same network."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch

from benchmark.cards.lanes import Lane, encoder_lane
from benchmark.cards.source import SourceCard
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.source_weights import source_weights
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.record import Coverage
from benchmark.running.cell import run_cell
from benchmark.running.setup import Setup, initial_network, load_source, set_up
from benchmark.running.target_data import load_target
from benchmark.workspace import Workspace

BASE, TARGET = "standard_v1", "phantom_fetal_head_64"
SMALL_SIZE, FEW_STEPS = 64, 2


@dataclass(frozen=True)
class MiniBoard:
    """Short runs of one source through the same functions that run boards."""

    workspace: Workspace
    source: SourceCard
    device: torch.device = torch.device("cpu")

    @cached_property
    def board_size(self) -> int:
        """Rows and columns of the images of boards."""
        return self.workspace.registry.board(BASE).protocol.input_size

    @cached_property
    def size(self) -> int:
        """Rows and columns that the weights fit: small, or else those of boards."""
        return SMALL_SIZE if self.coverage(SMALL_SIZE).complete else self.board_size

    @cached_property
    def lane(self) -> Lane:
        """The lane of the source's network."""
        return encoder_lane(self.source.encoder or "")

    def plan(
        self, source: str = "", strategy: str = "full", steps: int = FEW_STEPS,
        size: int | None = None,
    ) -> tuple[Workspace, Transfer]:  # fmt: skip
        """One cell of the small board, and the workspace that has this board.

        Args:
            source: `scratch`, which has the source's network; empty for the source.
            strategy: Of the base board.
            steps: Of fine-tuning.
            size: Rows and columns; None for those that the weights fit.
        """
        registry = self.workspace.registry
        base, scratch = registry.board(BASE), registry.source("scratch")
        protocol = base.protocol.model_copy(
            update={"input_size": size or self.size, "batch_size": 8, "learning_rates": (1e-3,),
                    "steps": steps, "epochs": None, "evaluations": 2, "precision": "float32"}
        )  # fmt: skip
        board = base.model_copy(
            update={"id": "source_check", "protocol": protocol, "targets": (TARGET,),
                    "sources": (self.source.id, "scratch"), "train_subjects": (0,), "seeds": (0,)}
        )  # fmt: skip
        network = {"encoder": self.source.encoder, "input": self.source.input}
        sources = {self.source.id: self.source, "scratch": scratch.model_copy(update=network)}
        registry = replace(
            registry,
            sources={**registry.sources, **sources},
            boards={**registry.boards, board.id: board},
        )
        workspace = replace(self.workspace, registry=registry)
        selection = GridSelection(
            sources=(source or self.source.id,), lanes=(self.lane,), strategies=(strategy,)
        )
        return workspace, plan(workspace, board, selection)[0]

    def network(self, size: int | None = None) -> SegmentationNetwork:
        """The source's network, freshly initialised."""
        return initial_network(self.plan(size=size)[1], self.device)

    def loaded(self, size: int | None = None) -> tuple[SegmentationNetwork, Coverage]:
        """The source's network with its weights, and which of its tensors come from them.

        Raises:
            WeightsError: None does.
        """
        _, transfer = self.plan(size=size)
        board = self.workspace.registry.board(BASE)
        weights = source_weights(self.workspace, board, self.source)
        network = initial_network(transfer, self.device)
        coverage = load_source(network, transfer, weights, allow_partial=True)
        assert coverage is not None
        return network, coverage

    def coverage(self, size: int | None = None) -> Coverage:
        """Which tensors of the network come from the source.

        Raises:
            WeightsError: None does.
        """
        return self.loaded(size)[1]

    def set_up(self, strategy: str = "full") -> Setup:
        """The source on the phantom, before a few steps of fine-tuning; the same every time.

        Raises:
            WeightsError: The source does not cover the network.
        """
        workspace, transfer = self.plan(strategy=strategy)
        return set_up(load_target(transfer, workspace), workspace, self.device)

    def dice(self, source: str, steps: int) -> float:
        """Mean Dice on the phantom after fine-tuning from the source or from `scratch`."""
        workspace, transfer = self.plan(source, steps=steps)
        cases = run_cell(transfer, workspace, self.device).record.cases
        return sum(case.scores["dice"] for case in cases) / len(cases)
