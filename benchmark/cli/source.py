"""`segtransfer source`: checkpoints of source tasks."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cli.help import add
from benchmark.cli.source_check import source_check
from benchmark.cli.source_new import source_new
from benchmark.cli.terminal import print_text, settings, stages

app = typer.Typer(no_args_is_help=True, help="Checkpoints of source tasks: draft, check, fetch.")


def source_get(name: Annotated[str, typer.Argument(help="Id of the source task.")]) -> None:
    """Fetch a checkpoint from the address on its card, verify it and keep it."""
    from benchmark.models.weight_store import get_weights

    with stages(transfer=True) as show:
        stored = get_weights(settings.workspace, name, show)
    print_text(f"{name}: sha256 {stored.sha256}\n  from {stored.origin}")


def source_import(
    name: Annotated[str, typer.Argument(help="Id of the source task.")],
    file: Annotated[Path, typer.Option("--from", help="The checkpoint.")],
) -> None:
    """Check a checkpoint against its card (SHA-256) and keep a copy of it."""
    stored = benchmark.import_weights(settings.workspace, name, file)
    print_text(f"{name}: {stored.path(settings.workspace)}")


def source_template() -> None:
    """Print an encoder of your own to copy: a module with its entry point and its test."""
    template = files("benchmark.models.plugins").joinpath("template.py")
    print_text(template.read_text(encoding="utf-8").rstrip())


add(app, "new", source_new, "--content cards source new my_encoder --from timm:resnet18")
add(app, "check", source_check, "--content cards source check my_encoder")
add(app, "get", source_get, "source get imagenet_resnet18_torchvision")
add(app, "import", source_import, "source import imagenet_resnet18_torchvision --from resnet18.pth")
add(app, "template", source_template, "source template")
