"""A source on a board of its own: small images, few steps, and `scratch` on the same network."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch

from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.source_weights import source_weights
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.record import Coverage
from benchmark.running.setup import Setup, initial_network, load_source, set_up
from benchmark.workspace import Workspace

BOARD, BASE, TARGET = "source_check", "standard_v1", "phantom_fetal_head_64"
SMALL, FEW = 64, 2


@dataclass(frozen=True)
class Trial:
    """What it takes to run one source for a moment, by the very path that boards run it."""

    workspace: Workspace
    source: SourceCard
    device: torch.device = torch.device("cpu")

    def cards(self, steps: int = FEW, size: int | None = None) -> Registry:
        """The registry with a small board, and with `scratch` on the source's own network."""
        board, scratch = (
            self.workspace.registry.board(BASE),
            self.workspace.registry.source("scratch"),
        )
        protocol = board.protocol.model_copy(
            update={"input_size": size or self.size, "batch_size": 8, "learning_rates": (1e-3,),
                    "steps": steps, "epochs": None, "evaluations": 2, "precision": "float32"}
        )  # fmt: skip
        small = board.model_copy(
            update={"id": BOARD, "protocol": protocol, "sources": (self.source.id, "scratch"),
                    "targets": (TARGET,), "train_subjects": (0,), "seeds": (0,)}
        )  # fmt: skip
        like = {"encoder": self.source.encoder, "input": self.source.input}
        sources = {**self.workspace.registry.sources, self.source.id: self.source,
                   "scratch": scratch.model_copy(update=like)}  # fmt: skip
        boards = {**self.workspace.registry.boards, BOARD: small}
        return replace(self.workspace.registry, sources=sources, boards=boards)

    @cached_property
    def size(self) -> int:
        """Rows and columns that the weights fit: small, or else those of the boards."""
        if self.coverage(SMALL).complete:
            return SMALL
        return self.workspace.registry.board(BASE).protocol.input_size

    def transfer(
        self, name: str = "", strategy: str = "full", steps: int = FEW, size: int | None = None
    ) -> Transfer:
        """One cell of the small board: of the source, or of `scratch` on the same network."""
        registry = self.cards(steps, size)
        chosen = GridSelection(sources=(name or self.source.id,), strategies=(strategy,))
        return plan(replace(self.workspace, registry=registry), registry.board(BOARD), chosen)[0]

    def network(self, size: int | None = None) -> SegmentationNetwork:
        """The source's network, freshly initialised."""
        return initial_network(self.transfer(size=size), self.device)

    def coverage(self, size: int | None = None) -> Coverage:
        """Which tensors of the network come from the source.

        Raises:
            WeightsError: Not a single one.
        """
        transfer = self.transfer(size=size)
        network = initial_network(transfer, self.device)
        board = self.workspace.registry.board(BASE)
        weights = source_weights(self.workspace, board, self.source)
        coverage = load_source(network, transfer, weights, allow_partial=True)
        assert coverage is not None
        return coverage

    def set_up(self, strategy: str = "full") -> Setup:
        """The source on the phantom, before a few steps of fine-tuning; the same every time.

        Raises:
            WeightsError: The source does not cover the network.
        """
        workspace = replace(self.workspace, registry=self.cards())
        return set_up(self.transfer(strategy=strategy), workspace, self.device)
