"""From images without masks to label maps on their grid, and back as a data set."""

import csv
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from benchmark.cards.content import content_roots
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.registry import Registry
from benchmark.data.cases import LoadedCase
from benchmark.data.layouts.registry import load_case
from benchmark.data.local_copies import register
from benchmark.data.readers.images import read_picture
from benchmark.data.resolve import resolve_dataset
from benchmark.errors import DataError, WeightsError
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.prelabel.labelling import kept_network, prelabel, tuned_network
from benchmark.prelabel.proposals import CERTAINTY, Proposal
from benchmark.prelabel.unlabelled import unlabelled_cases
from benchmark.workers import no_progress
from benchmark.workspace import Workspace

CPU = torch.device("cpu")
REGISTRY = Registry.load(content_roots())
STEEP = 3.0


class Bright(torch.nn.Module):
    """Label 1 where the image is above one half, more probable if brighter; never label 2."""

    device = CPU

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        grey = (2 * images[:, :1] - 1) * STEEP
        return torch.cat([torch.zeros_like(grey), grey, grey - 9], 1)


def transfer(target: str, board: str = "phantom_sequence_v2") -> Transfer:
    chosen = GridSelection(sources=("scratch",), targets=(target,), seeds=(0,))
    return plan(Workspace(REGISTRY, Path()), REGISTRY.board(board), chosen)[0]


def card(layout: Mapping[str, object]) -> DatasetCard:
    shipped = REGISTRY.dataset("phantom_ct_device_a_32").model_dump()
    labels = {"body": 1}
    return DatasetCard.model_validate(
        shipped | {"id": "clinic", "labels": labels, "layout": layout}
    )


def propose(cell: Transfer, clinic: DatasetCard, images: Path, out: Path) -> list[Proposal]:
    unmasked, cases = unlabelled_cases(clinic, images)
    return prelabel(Bright(), cell, unmasked, cases, out, "clinic_new", no_progress)  # type: ignore[arg-type]


def imported(out: Path, home: Path) -> dict[str, LoadedCase]:
    """The proposals, read as any data set of one's own is."""
    registry = Registry.load((*content_roots(), out))
    register(Workspace(registry, home), "clinic_new", out)
    opened = resolve_dataset(Workspace(registry, home), "clinic_new")
    assert registry.target("clinic_new").labels.keys() == {"muscle", "liver"}
    return {name: load_case(opened.card, case) for name, case in opened.cases.items()}


NIFTI = {
    "kind": "paired_nifti",
    "images": r"scans/(?P<case>(?P<subject>p\d)_\d)\.nii\.gz",
    "masks": ("masks/{case}.nii.gz",),
}


@pytest.mark.parametrize(("axes", "signs"), [((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (-1, 1, -1)),
                                             ((1, 0, 2), (1, -1, -1))])  # fmt: skip
def test_a_volume_in_any_orientation(
    axes: tuple[int, ...], signs: tuple[int, ...], tmp_path: Path
) -> None:
    """The oracle is the image itself: bright voxels are label 1, in the file's own order."""
    rng = np.random.default_rng(0)
    anatomy = np.where(rng.random((32, 32, 5)) < 0.3, 240.0, -160.0)
    ornt = np.array([[axes[k], signs[k]] for k in range(3)])
    values = nib.orientations.apply_orientation(anatomy, ornt)
    turned = np.diag([2.0, 2.0, 5.0, 1.0]) @ nib.orientations.inv_ornt_aff(ornt, anatomy.shape)
    (tmp_path / "scans").mkdir()
    for name in ("p1_1", "p2_1"):
        nib.save(nib.Nifti1Image(values.astype(np.int16), turned),
                 tmp_path / f"scans/{name}.nii.gz")  # fmt: skip
        values = np.where(rng.random(values.shape) < 0.2, 240.0, -160.0)
    propose(transfer("phantom_ct_device_a_32"), card(NIFTI), tmp_path, tmp_path / "out")
    for name in ("p1_1", "p2_1"):
        image: Any = nib.load(tmp_path / f"scans/{name}.nii.gz")
        labels: Any = nib.load(tmp_path / f"out/labels/{name}.nii.gz")
        assert np.array_equal(np.asarray(labels.dataobj), np.asarray(image.dataobj) > 0)
        assert np.allclose(labels.affine, image.affine) and labels.get_data_dtype() == np.uint8
    masks = imported(tmp_path / "out", tmp_path / "home")
    assert masks.keys() == {"p1_1", "p2_1"}
    assert np.array_equal(masks["p1_1"].mask == 1, anatomy > 0)


def dicom_slice(path: Path, number: int, series: str, pixels: np.ndarray) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID, data.Manufacturer = series, "Philips"
    (data.Rows, data.Columns), data.PixelSpacing = pixels.shape, [2, 2]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [-10, -20, 300 - 3 * number]  # from the head downwards
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)


def test_a_dicom_series_is_paired_with_a_nifti_map_of_its_voxels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for patient in ("p1", "p2"):
        series = generate_uid()
        (tmp_path / patient).mkdir()
        for number in range(3):
            pixels = np.where(rng.random((32, 32)) < 0.3, 1264, 864).astype(np.uint16)
            dicom_slice(tmp_path / patient / f"{number}.dcm", number, series, pixels)
    layout = {"kind": "dicom_series", "images": r"(?P<case>(?P<subject>p\d))/\d\.dcm"}
    propose(transfer("phantom_ct_device_a_32"), card(layout), tmp_path, tmp_path / "out")
    for loaded in imported(tmp_path / "out", tmp_path / "home").values():
        assert np.array_equal(loaded.mask == 1, loaded.image > 0) and loaded.mask.any()
        assert loaded.facts["manufacturer"] == "Philips"


def pictures(folder: Path) -> None:
    """A half of each picture is bright: one clearly, one hardly, one not."""
    (folder / "scans").mkdir(parents=True)
    halves: dict[str, Any] = {"p1_1": np.s_[:, 16:], "p2_1": np.s_[::2], "p3_1": np.s_[:16]}
    for name, grey in (("p1_1", 240), ("p2_1", 90), ("p3_1", -100)):
        pixels = np.full((32, 32), -160)
        pixels[halves[name]] = grey
        Image.fromarray((pixels + 200).astype(np.uint16)).save(folder / f"scans/{name}.png")


PNG = NIFTI | {
    "kind": "paired_images",
    "images": NIFTI["images"].replace("nii\\.gz", "png"),  # type: ignore[attr-defined]
    "spacing_mm": 5.0,
}


def flat(cell: Transfer) -> Transfer:
    """The same problem posed on pictures that are 200 brighter."""
    intensity = cell.target.intensity.model_copy(update={"low": 40.0, "high": 440.0})
    update = {"slice_axis": None, "intensity": intensity}
    return replace(cell, target=cell.target.model_copy(update=update))


def test_the_least_certain_picture_comes_first(tmp_path: Path) -> None:
    pictures(tmp_path)
    out = tmp_path / "out"
    proposals = propose(flat(transfer("phantom_ct_device_a_32")), card(PNG), tmp_path, out)
    assert [proposal.case.case for proposal in proposals] == ["p3_1", "p2_1", "p1_1"]
    rows = list(csv.DictReader((out / CERTAINTY).read_text().splitlines()))
    assert [row["mean_probability"] == "" for row in rows] == [True, False, False]
    grey = (90 + 160) / 400
    for row, value in zip(rows[1:], (grey, 1.0), strict=True):
        edge = np.exp([0, (2 * value - 1) * STEEP, (2 * value - 1) * STEEP - 9])
        assert float(row["mean_probability"]) == pytest.approx(edge[1] / edge.sum(), abs=2e-3)
        assert float(row["muscle_area_cm2"]) == pytest.approx(16 * 32 * 0.25)
        assert float(row["liver_area_cm2"]) == 0
    masks = imported(out, tmp_path / "home")
    assert masks["p1_1"].mask[:, 16:].all() and not masks["p1_1"].mask[:, :16].any()
    assert '1 213 94 0 1 1 1 "muscle"' in (out / "labels/labels.label").read_text()


def test_a_correction_is_what_is_imported_and_never_overwritten(tmp_path: Path) -> None:
    pictures(tmp_path)
    out, cell = tmp_path / "out", flat(transfer("phantom_ct_device_a_32"))
    propose(cell, card(PNG), tmp_path, out)
    mine = np.zeros((32, 32), np.uint8)
    mine[3:9, 4:8] = 2
    Image.fromarray(mine).save(out / "labels/p3_1.png")
    with pytest.raises(DataError, match="may be corrected; choose another --out"):
        propose(cell, card(PNG), tmp_path, out)
    assert np.array_equal(imported(out, tmp_path / "home")["p3_1"].mask, mine)


def test_a_name_may_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "manifest.csv").write_text("case,subject,image\n../../x,p1,scans/p1_1.png\n")
    clinic = card({"kind": "manifest", "file": "manifest.csv"})
    with pytest.raises(DataError, match="its name has"):
        propose(flat(transfer("phantom_ct_device_a_32")), clinic, tmp_path, tmp_path / "a/b/out")
    assert not list(tmp_path.rglob("x.png"))


@pytest.mark.parametrize("name", ["liver_1.nii.gz", "liver_1_0000.nii.gz"])
def test_test_images_of_a_decathlon_or_nnunet_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "Task/imagesTs").mkdir(parents=True)
    (tmp_path / "Task/imagesTs" / name).touch()
    _, cases = unlabelled_cases(card({"kind": "msd"}), tmp_path)
    assert [(case.case, case.subject, case.masks) for case in cases] == [("liver_1", "liver_1", ())]


def test_layouts_that_cannot_be_labelled_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is synthetic"):
        unlabelled_cases(REGISTRY.dataset("phantom_ct_device_a_32"), tmp_path)
    with pytest.raises(DataError, match="no file matches"):
        unlabelled_cases(card(NIFTI), tmp_path)
    with pytest.raises(DataError, match="of one slice"):
        unlabelled_cases(card(NIFTI | {"single_slice": True}), tmp_path)


def test_a_kept_network_is_that_of_the_cell(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    chosen = GridSelection(
        sources=("scratch",), targets=("phantom_fetal_head_64",), seeds=(0,), limit_steps=2
    )
    (cell,) = plan(Workspace(REGISTRY, tmp_path), REGISTRY.board("tiny_v2"), chosen)
    tuned = tuned_network(cell, Workspace(REGISTRY, tmp_path), CPU, no_progress)
    (tmp_path / "scans").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "scans/p1_1.png")
    unmasked, cases = unlabelled_cases(card(PNG), tmp_path)
    prelabel(tuned, cell, unmasked, cases, tmp_path / "one", "one", no_progress)
    again = kept_network(tmp_path / "one/network.safetensors", cell, CPU)
    prelabel(again, cell, unmasked, cases, tmp_path / "two", "two", no_progress)
    maps = [read_picture(tmp_path / folder / "labels/p1_1.png") for folder in ("one", "two")]
    assert np.array_equal(maps[0], maps[1]) and maps[0].shape == (64, 64)
    kept = tmp_path / "one/network.safetensors"
    with pytest.raises(WeightsError, match="is not the network of"):
        kept_network(kept, replace(cell, key="sha256:other"), CPU)
    damaged = bytearray(kept.read_bytes())
    damaged[-1] ^= 1
    kept.write_bytes(damaged)
    with pytest.raises(WeightsError, match="is damaged; leave --weights out"):
        kept_network(kept, cell, CPU)


def test_help_is_light() -> None:
    code = (
        "import sys; sys.argv = ['segtransfer', sys.argv[1], '--help']\n"
        "from benchmark.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'pandas', 'nibabel'} & set(sys.modules)\n"
    )
    for command in ("sequence", "prelabel"):
        subprocess.run([sys.executable, "-c", code, command], check=True, capture_output=True)
