"""Tables and figures of sequences: by hand, with runs missing, and as shipped."""

import csv
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from support.factories import make_record

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.content import content_roots, shipped_content
from benchmark.cards.registry import Registry
from benchmark.errors import RecordError
from benchmark.leaderboard.sequences import sequence_report
from benchmark.records.record import CaseScore
from benchmark.records.sequence_record import (
    DeviceFingerprints,
    SequenceFingerprints,
    SequenceId,
    SequenceRecord,
    SequenceStage,
    SequenceStore,
    sequence_key,
)
from benchmark.records.store import Store
from benchmark.views.sequences import (
    print_sequences,
    sequence_csv,
    sequence_figures,
    sequence_markdown,
    sequence_tables,
    write_sequences,
)

BOARD = Registry.load(content_roots()).board("phantom_sequence_v2")
A, B, C = BOARD.devices
UNET, VNET = BOARD.sources


def made(
    sequence: str, scores: list[list[float]], seed: int = 0, source: str = UNET,
    board: BoardCard = BOARD,
) -> SequenceRecord:  # fmt: skip
    """A record with these R[i, j]; two subjects a device, 0.1 below and above."""
    cell = make_record()
    run = SequenceId(board=board.id, sequence=sequence, source=source, strategy="full", seed=seed)
    print_ = DeviceFingerprints(target="t", splits="s", data="d")
    prints = SequenceFingerprints(
        protocol=fingerprint(board.protocol),
        strategy=fingerprint(board.strategies["full"]),
        source=source,
        weights="none",
        devices=dict.fromkeys(board.devices, print_),
    )
    stages = board.sequences[sequence]
    return SequenceRecord(
        run=run,
        key=sequence_key(run, stages, prints),
        fingerprints=prints,
        prepared_data={},
        marks=cell.marks,
        source=cell.source,
        main_metric="dice",
        coverage=None,
        stages=tuple(
            SequenceStage(
                trained_on=stage,
                selection=cell.selection,
                scores={
                    device: tuple(
                        CaseScore(
                            case=f"c{k}", subject=f"s{k}", label="liver", reference_empty=False,
                            prediction_empty=False,
                            scores={"iou": 0.0, "dice": round(value + apart, 6)},
                        )
                        for k, apart in enumerate((-0.1, 0.1))
                    )
                    for device, value in zip(board.devices, row, strict=True)
                },
                cost=cell.cost,
            )
            for stage, row in zip(stages, scores, strict=True)
        ),
        environment=cell.environment,
        started=cell.started,
    )  # fmt: skip


R = [[0.8, 0.5, 0.4], [0.6, 0.9, 0.3], [0.7, 0.6, 0.8]]


def records(seed: int = 0, source: str = UNET) -> list[SequenceRecord]:
    return [
        made("device_order", R, seed, source),
        made("reverse", R, seed, source),
        made("joint", [[0.9, 0.8, 0.7]], seed, source),
        *(made(f"alone_{name}", [[0.6, 0.7, 0.8]], seed, source) for name in "abc"),
    ]


def numbers(some: list[SequenceRecord]) -> dict[tuple[str, str, str, str], dict[str, str]]:
    rows = csv.DictReader(sequence_csv(sequence_report(BOARD, some)).splitlines())
    found = {(r["sequence"], r["measure"], r["stage"], r["device"]): r for r in rows}
    return {key: row for key, row in found.items() if row["source"] == UNET}


def test_every_measure_by_hand() -> None:
    found = {key: float(row["value"]) for key, row in numbers([*records(0), *records(1)]).items()}
    assert found["device_order", "average", "", ""] == pytest.approx(0.7)
    assert found["device_order", "backward transfer", "", ""] == pytest.approx(-0.2)
    assert found["device_order", "forgetting", "", ""] == pytest.approx(0.2)
    assert found["reverse", "backward transfer", "", ""] == pytest.approx((0.4 - 0.3) / 2)
    assert found["device_order", "against joint", "", ""] == pytest.approx(0.7 - 0.8)
    assert found["device_order", "against alone", "", ""] == pytest.approx(0.0)
    assert found["(each device alone)", "average", "", ""] == pytest.approx(0.7)
    assert found["device_order", "R", "2", C] == pytest.approx(0.3)
    assert ("joint", "forgetting", "", "") not in found


def test_runs_that_are_missing_are_said_and_never_filled_in() -> None:
    some = [*records(0), made("device_order", R, 1)]
    found = numbers(some)
    assert ("device_order", "against joint", "", "") not in found  # joint has one seed only
    assert ("reverse", "against joint", "", "") in found
    assert found["reverse", "average", "", ""]["covers"] == "subjects only (one seed)"
    text = sequence_markdown(sequence_report(BOARD, some))
    assert "1 of 2" in text and "Missing runs of the board: 17." in text
    with pytest.raises(RecordError, match="type `segtransfer sequence phantom_sequence_v2`"):
        sequence_report(BOARD, [])


def test_the_text_is_escaped_and_says_synthetic() -> None:
    board = BOARD.model_copy(update={"title": "<b>x|y"})
    report = sequence_report(board, records())
    assert "# &lt;b&gt;x\\|y: sequences (phantom_sequence_v2) - SYNTHETIC" in (
        sequence_markdown(report)
    )
    console = Console(width=200)
    with console.capture() as captured:
        print_sequences(report, console)
    assert "+0.200" in captured.get() and "[" in captured.get()
    assert len(sequence_tables(report)) == 2


def test_no_number_is_cut_in_a_narrow_terminal() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        print_sequences(sequence_report(BOARD, records()), console)
    _, *lines = captured.get().splitlines()
    table = "".join(lines).split("board: ")[0]
    assert "…" not in table and table.count("1 of 2") == 7


def test_only_orders_are_drawn() -> None:
    report = sequence_report(BOARD, [*records(), *records(source=VNET)])
    drawn = [one.name for one in sequence_figures(report)]
    assert drawn == [f"{order}-{source}-full" for source in (UNET, VNET)
                     for order in ("device_order", "reverse")]  # fmt: skip


def test_records_on_other_data_are_refused(tmp_path: Path) -> None:
    first, second = records()[:2]
    prints = second.fingerprints
    other = DeviceFingerprints(target="t", splits="s", data="another")
    prints = prints.model_copy(update={"devices": {**prints.devices, A: other}})
    key = sequence_key(second.run, BOARD.sequences["reverse"], prints)
    for record in (first, second.model_copy(update={"fingerprints": prints, "key": key})):
        SequenceStore(tmp_path).write(record)
    with pytest.raises(RecordError, match="other data than device_order/"):
        list(SequenceStore(tmp_path).records(BOARD))


FOLDERS = [path.parent for path in (shipped_content() / "leaderboards").glob("*/sequences")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_shipped_tables_are_what_their_records_say(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("figures", "*.md", "*.csv"))
    board = Store(copy).board()
    report = sequence_report(board, list(SequenceStore(copy).records(board)))
    assert not report.missing
    write_sequences(copy, report)
    for name in ("README.md", "sequences.csv"):
        made_now, shipped = ((place / "sequences" / name).read_text() for place in (copy, folder))
        assert made_now == shipped, name
    figures = {path.name for path in (folder / "sequences/figures").iterdir()}
    assert figures == {path.name for path in (copy / "sequences/figures").iterdir()}


def test_a_sequence_board_is_shipped() -> None:
    assert "phantom_sequence_v2" in {folder.name for folder in FOLDERS}
