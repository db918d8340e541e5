"""`segtransfer source new`: from a checkpoint to the draft of its card."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from benchmark.cards.dataset import Domain
from benchmark.cards.source import SourceCard, SourceObjective
from benchmark.cli.terminal import interactive, print_text, settings, stages
from benchmark.errors import CardError
from benchmark.files import printable
from benchmark.sources import statements
from benchmark.views.text import counted

if TYPE_CHECKING:
    from benchmark.models.checkpoints.matching import EncoderMatch
    from benchmark.sources.examine import ExaminedCheckpoint

CARDS = Path("cards")
IMAGENET = ("0.485,0.456,0.406", "0.229,0.224,0.225")
LANES = {
    "unet": "unet (feature pyramid)",
    "dpt": "dpt (plain vision transformer); `segtransfer list boards --lane dpt` names its boards",
}
ASKED = {
    "domain": f"domain of the images ({', '.join(get_args(Domain))})",
    "task": f"what it learned ({', '.join(get_args(SourceObjective))})",
    "saw": "data it saw (DATASET:SUBJECTS; unknown; none); SUBJECTS: all, train, names, unknown",
    "title": "one line that describes it",
    "licence": "licence of the weights",
    "citation": "whom to cite",
}


Origin = Annotated[str, typer.Option("--from", help="FILE, timm:NAME or hf:REPO@REVISION[:FILE].")]
Saw = Annotated[
    list[str] | None,
    typer.Option(
        help="DATASET:SUBJECTS (all, train, names, unknown), unknown, or none; once per data set."
    ),
]
PerChannel = Annotated[str, typer.Option(help="One value per channel, of images in [0, 1].")]
CardFolder = Annotated[
    Path | None, typer.Option(help="Folder of cards (default: that of --content, else cards).")
]


def source_new(
    name: Annotated[str, typer.Argument(help="Id of the new source task.")],
    origin: Origin,
    domain: Annotated[str, typer.Option(help=", ".join(get_args(Domain)) + ".")] = "",
    task: Annotated[str, typer.Option(help="classification, segmentation, self_supervised.")] = "",
    saw: Saw = None,
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "",
    citation: Annotated[str, typer.Option(help="Whom to cite.")] = "",
    title: Annotated[str, typer.Option(help="One line.")] = "",
    mean: PerChannel = "",
    std: PerChannel = "",
    encoder: Annotated[str, typer.Option(help="Network: of smp, or of timm (NAME.TAG).")] = "",
    part: Annotated[str, typer.Option(help="Key of the tensors inside the checkpoint.")] = "",
    provides: Annotated[str, typer.Option(help="encoder or encoder_decoder.")] = "",
    out: CardFolder = None,
) -> None:
    """Draft the card of a checkpoint and keep its weights, so that boards can run it.

    The network is identified by the names and shapes of the tensors. No code of the checkpoint
    is run. The command asks for what no option gives.
    """
    given = {"domain": domain, "task": task, "saw": ";".join(saw or ()), "title": title,
             "licence": licence, "citation": citation}  # fmt: skip
    statements.check_new_name(settings.workspace.registry, name)
    statements.check_address(origin)
    statements.check_choices(domain=domain, task=task, provides=provides)
    statements.parse_values("--mean", mean)
    statements.parse_values("--std", std)
    folder = out or (settings.content[-1] if settings.content else CARDS)
    path = statements.new_card_path(name, folder)
    given = _complete(given, origin)
    statements.check_choices(domain=given["domain"], task=given["task"])
    exposure = statements.parse_exposure([text for text in given["saw"].split(";") if text.strip()])
    from benchmark.sources.draft import write_draft  # slow, so after the answers are checked

    examined = _examine(origin, encoder, part)
    facts: dict[str, Any] = {**given, "saw": exposure}
    facts["licence"] = given["licence"] or examined.origin.licence or "unknown"
    facts["provides"] = provides or ("encoder_decoder" if examined.with_decoder else "encoder")
    statistics = _statistics(examined, mean, std)
    source = write_draft(path, examined, facts, statistics, settings.workspace)
    _print_draft(source, path, folder)


def _examine(origin: str, encoder: str, part: str) -> "ExaminedCheckpoint":
    """Read a checkpoint, identify its network, and print both."""
    from benchmark.sources.checkpoint_origin import locate_checkpoint
    from benchmark.sources.examine import examine

    workspace = settings.workspace
    with stages("reading") as show:
        examined = examine(
            locate_checkpoint(origin, workspace),
            encoder=encoder or None,
            part=part,
            decoder=workspace.registry.board("standard_v1").protocol.decoders["unet"],
            progress=show,
        )
    _print_examined(examined)
    return examined


def _print_draft(source: SourceCard, path: Path, folder: Path) -> None:
    assert source.weights is not None
    print_text(
        f"card: {path}",
        f"  provides {source.provides}; weights kept as safetensors, "
        f"sha256 {source.weights.sha256}",
    )
    for exposure in source.saw:
        if exposure.dataset == "unknown":
            print_text("  pretraining data unknown: it stays out of every clean ranking")
        elif exposure.dataset not in settings.workspace.registry.datasets:
            print_text(f"  {exposure.dataset} is not in the registry: compared by name only")
    print_text(f"next: segtransfer --content {folder} source check {source.id}")


def _complete(given: dict[str, str], origin: str) -> dict[str, str]:
    """Ask for what no option gives.

    Raises:
        CardError: The command is not interactive.
    """
    missing = [key for key, value in given.items() if not value]
    if origin.startswith("timm:"):
        missing = [key for key in missing if key != "licence"]
    if missing and not interactive():
        options = ", ".join(f"--{key}" for key in missing)
        raise CardError(f"not interactive; give {options}")
    return given | {key: typer.prompt(ASKED[key]) for key in missing}


def _statistics(
    examined: "ExaminedCheckpoint", mean: str, std: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation from the options, the publisher, or the user; one value serves all."""
    channels, known = examined.match.channels, examined.statistics
    if not (mean and std) and not interactive():
        if known is None:
            hint = f" (--mean {IMAGENET[0]} --std {IMAGENET[1]} are ImageNet's)"
            raise CardError(
                f"no statistics are known for {counted(channels, 'input channel')}; "
                f"give --mean and --std{hint if channels == 3 else ''}"
            )
        print_text(f"  mean {_text(known[0])} and deviation {_text(known[1])}: "
                   f"{examined.statistics_of}; others by --mean and --std")  # fmt: skip
        return known
    defaults = IMAGENET if channels == 3 else (None, None)
    if known:
        defaults = _text(known[0]), _text(known[1])
    what = f"of the {channels} input channels, in [0, 1]"
    texts = (
        mean or typer.prompt(f"mean {what}", default=defaults[0]),
        std or typer.prompt(f"deviation {what}", default=defaults[1]),
    )
    first, second = (_values(option, text, channels)
                     for option, text in zip(("--mean", "--std"), texts, strict=True))  # fmt: skip
    return first, second


def _values(option: str, text: str, channels: int) -> tuple[float, ...]:
    values = statements.parse_values(option, text)
    return values * channels if len(values) == 1 else values


def _print_examined(examined: "ExaminedCheckpoint") -> None:
    from benchmark.sources.examine import differences

    match, checkpoint = examined.match, examined.checkpoint
    evidence = "kinds and shapes in order" if match.by_order else "tensor names and shapes"
    if match.convert:
        evidence += f", converted by {match.convert}"
    coverage = "full coverage" if match.complete else f"{match.coverage:.1%} of its values"
    lines = [
        f"checkpoint: {examined.origin.description}, {len(checkpoint.tensors)} tensors",
        *(f"  {printable(note.strip())}" for note in checkpoint.notes),
        f"network: {match.encoder}, identified by {evidence}; {coverage}",
        f"  stripped from names: {printable(match.prefix) or 'nothing'}"
        + (f"; {counted(len(match.rename), 'renaming rule')} on the card" if match.rename else ""),
        f"  lane: {LANES[examined.lane]}",
        f"  input: {_input(match)}",
    ]
    if heads := examined.attention_heads:  # builds the network
        lines.append(
            f"  attention heads: {' or '.join(map(str, heads))} in a block of {match.encoder}; "
            "no tensor shows their number, compare with the authors' code"
        )
    if match.resampled:
        lines.append(f"  resampled to the network's grid: {', '.join(match.resampled)}")
    if match.equal:
        lines.append(
            f"  equal names and shapes, perhaps another forward pass: {', '.join(match.equal)}; "
            "choose by --encoder"
        )
    if examined.similar:
        similar = ", ".join(f"{m.encoder} ({m.coverage:.0%})" for m in examined.similar)
        lines.append(
            f"  also similar (share of its values in the file): {similar}; another one by --encoder"
        )
    if match.by_order:
        lines.append("  names do not match: check that it is this network, and run source check")
    if not match.complete:
        lines += [
            f"  {differences(match)}",
            "  boards refuse an encoder without full coverage: see sources.md",
        ]
    print_text(*lines)


def _text(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)


def _input(match: "EncoderMatch") -> str:
    if match.channels == 1:
        return "1 channel; colour images are averaged"
    if match.channels == 3:
        return "3 channels; grey images are repeated"
    return f"{match.channels} channels; a grey image is repeated in all of them"
