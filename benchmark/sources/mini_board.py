"""A source on a board of its own: small images, few steps, and `scratch` on the same network."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch

from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.data.resolve import resolve_target
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.record import Coverage
from benchmark.running.cell import load_source, prepare_target, training_cases, transfer_network
from benchmark.training.fine_tuning import fine_tune
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
        """Rows and columns that the weights fit: small, or the boards' where they fit no other."""
        transfer = self.transfer(size=SMALL)
        if self.load(self.network(transfer), partial=True).complete:
            return SMALL
        return self.workspace.registry.board(BASE).protocol.input_size

    def transfer(
        self, name: str = "", strategy: str = "full", steps: int = FEW, size: int | None = None
    ) -> Transfer:
        """One cell of the small board: of the source, or of `scratch` on the same network."""
        registry = self.cards(steps, size)
        chosen = GridSelection(sources=(name or self.source.id,), strategies=(strategy,))
        return plan(replace(self.workspace, registry=registry), registry.board(BOARD), chosen)[0]

    def network(self, transfer: Transfer) -> SegmentationNetwork:
        """The cell's network, freshly initialised from its seed."""
        torch.manual_seed(transfer.cell.seed)
        return transfer_network(transfer).to(self.device)

    def load(self, network: SegmentationNetwork, partial: bool = False) -> Coverage:
        """Load the source into a network.

        Raises:
            WeightsError: It does not cover it whole, unless `partial`, or nothing matches.
        """
        transfer = self.transfer(size=SMALL)
        found = load_source(
            network, transfer, replace(self.workspace, registry=self.cards(size=SMALL)), partial
        )
        assert found is not None
        return found

    def loaded(self) -> SegmentationNetwork:
        """A network with the source's weights; the rest is the same every time."""
        network = self.network(self.transfer())
        self.load(network)
        return network

    def tune(self, network: SegmentationNetwork, strategy: str) -> None:
        """Fine-tune it for a few steps on the phantom."""
        transfer = self.transfer(strategy=strategy)
        opened = resolve_target(self.workspace, transfer.target)
        data = prepare_target(
            transfer, opened, self.workspace.prepared, lambda stage, done, total: None
        )
        fine_tune(
            network, transfer.strategy, data, training_cases(transfer, opened), opened.names("val"),
            transfer.protocol, flips=(), seed=0, device=self.device,
        )  # fmt: skip
