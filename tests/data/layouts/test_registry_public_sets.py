"""The shipped cards of public data sets read trees with the layout that their hosts use."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLSLossless, generate_uid

from benchmark.cards.content import content_roots
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.registry import Registry
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import find_cases, load_case
from benchmark.data.preprocessing import Preprocessing, merge_labels
from benchmark.data.splits import check_groups, split_by_rule
from benchmark.errors import DataError

REGISTRY = Registry.load(content_roots())
PUBLIC = {
    name: card
    for name, card in REGISTRY.datasets.items()
    if not card.synthetic and not card.part_of  # parts of sets are in a layout of ours
}
GRID = (6, 5, 4)
AFFINE = np.diag([1.0, 2.0, 3.0, 1.0])


def picture(path: Path, values: Any, palette: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(values, np.uint8))
    if palette:
        image.putpalette([128, 0, 0, 0, 128, 0] * 128)
    image.save(path)


def volume(path: Path, *labels: int, grid: tuple[int, ...] = GRID) -> None:
    """A volume of noise, or one that holds the given values in turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).integers(1, 200, grid).astype(np.int16)
    if labels:
        values = np.resize(np.array(labels, np.int16), grid)
    image = nib.Nifti1Image(values, AFFINE)
    nib.save(image, path)


def text(path: Path, *lines: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)


def hc18(root: Path) -> None:
    ring = np.zeros((12, 16))
    ring[2:9, 3:13] = 255
    ring[3:8, 4:12] = 0
    cut = np.zeros((12, 16))  # leaves the picture at the top and touches its left edge
    cut[0:6, [0, 9]] = cut[6, 0:10] = 255
    for name, outline in (("000_HC", ring), ("010_HC", ring), ("010_2HC", cut)):
        picture(root / f"images/training_set/{name}.png", np.full((12, 16), 90))
        picture(root / f"images/training_set/{name}_Annotation.png", outline)
    picture(root / "images/test_set/000_HC.png", np.full((12, 16), 90))
    rows = [f"{n}.png,0.07,44.3" for n in ("000_HC", "010_HC", "010_2HC")]
    table = root / "training_set_pixel_size_and_HC.csv"
    text(table, "filename,pixel size(mm),head circumference (mm)", *rows)


def lung_ultrasound_ribs(root: Path) -> None:
    for name in ("pos2_5", "pos2_10"):
        picture(root / f"images/{name}.tif", np.full((8, 20), 7))
        picture(root / f"masks/{name}.png", 255 * np.eye(8, 20))
    text(root / "groups.csv", "frame,group", "pos2_5,volunteer1", "pos2_10,volunteer1")


def atlas_v2(root: Path) -> None:
    space = "space-MNI152NLin2009aSym"
    for site, subject in (("R001", "r001s001"), ("R052", "r052s003")):
        start = f"{site}/sub-{subject}/ses-1/anat/sub-{subject}_ses-1_{space}"
        volume(root / f"Training/{start}_T1w.nii.gz")
        volume(root / f"Training/{start}_label-L_desc-T1lesion_mask.nii.gz", 0, 1)
        volume(root / f"Testing/{start.replace('00', '99')}_T1w.nii.gz")


def atlas_v1_2(root: Path) -> None:
    for folder in ("Site1/031768/t01", "Site1/031768/t02", "Site9/031940/t01"):
        start = f"{folder}/{folder.split('/')[1]}"
        volume(root / f"{start}_t1w_deface_stx.nii.gz")
        volume(root / f"{start}_LesionSmooth_stx.nii.gz", 0, 0, 0, 255)
    volume(root / "Site9/031940/t01/031940_LesionSmooth_1_stx.nii.gz", 255, 0, 0, 0)


def mslesseg(root: Path) -> None:
    starts = ("train/P1/T1/P1_T1", "train/P1/T2/P1_T2", "test/P54/P54", "test/P60/T1/P60_T1")
    for start in starts:
        for sequence in ("T1", "T2", "FLAIR"):
            volume(root / f"MSLesSeg Dataset/{start}_{sequence}.nii.gz")
        volume(root / f"MSLesSeg Dataset/{start}_MASK.nii.gz", 0, 1)


def open_ms_data(root: Path) -> None:
    for kind in ("raw", "coregistered", "coregistered_resampled"):
        folder = root / f"cross_sectional/{kind}/patient01"
        for name in ("FLAIR", "T1W", "T1WKS", "T2W", "brainmask"):
            volume(folder / f"{name}.nii.gz")
        volume(folder / "consensus_gt.nii.gz", 0, 1)


def ms_mendeley(root: Path) -> None:
    for number in (1, 60):
        for name in ("Flair", "T1", "T2"):
            volume(root / f"Patient-{number}/{number}-{name}.nii")
            volume(root / f"Patient-{number}/{number}-LesionSeg-{name}.nii", 0, 1)


def neurite(
    mask: str, image: str, labels: int, grid: tuple[int, ...] = GRID
) -> Callable[..., None]:
    def build(root: Path) -> None:
        for subject in ("OAS1_0001", "OAS1_0002", "OAS1_0445"):
            folder = root / f"neurite-oasis/OASIS_{subject}_MR1"
            volume(folder / image, grid=grid)
            volume(folder / mask, *range(labels + 1), grid=grid)

    return build


def oasis1_t1(root: Path) -> None:
    for disc, case in ((1, "OAS1_0001_MR1"), (1, "OAS1_0002_MR1"), (12, "OAS1_0002_MR2")):
        path = root / f"disc{disc}/{case}/PROCESSED/MPRAGE/T88_111/{case}_mpr_n4_anon_111_t88"
        path.parent.mkdir(parents=True)
        values = np.ones((*GRID, 1), ">i2")
        analyze = nib.AnalyzeImage(values, None, nib.AnalyzeHeader(endianness=">"))
        analyze.header.set_zooms((1, 2, 3, 0))
        nib.save(analyze, f"{path}_masked_gfc.img")
    text(
        root / "oasis_cross-sectional.csv",
        "ID,M/F,Hand,Age,Educ,SES,MMSE,CDR,eTIV,nWBV,ASF,Delay",
        "OAS1_0001_MR1,F,R,74,2,3,29,0,1344,0.743,1.306,N/A",
        "OAS1_0002_MR1,M,R,55,4,1,29,0,1147,0.81,1.531,N/A",
        "OAS1_0002_MR2,M,R,55,4,1,29,0,1147,0.81,1.531,7",
    )


def ixi_t1(root: Path) -> None:
    for name in ("IXI002-Guys-0828", "IXI012-HH-1211", "IXI035-IOP-0873"):
        volume(root / f"{name}-T1.nii.gz")


def decathlon(task: str, name: str, labels: int) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        pairs = []
        for number in ("1", "22"):
            file = f"{name}_{number}.nii.gz"
            volume(root / task / "imagesTr" / file)
            volume(root / task / "labelsTr" / file, *range(labels + 1))
            text(root / task / "imagesTr" / f"._{file}", "junk")
            pairs.append({"image": f"./imagesTr/{file}", "label": f"./labelsTr/{file}"})
        volume(root / task / f"imagesTs/{name}_3.nii.gz")
        text(root / task / "dataset.json", json.dumps({"training": pairs}))

    return build


def saros(root: Path) -> None:
    for number in (0, 7, 899):
        volume(root / f"case_{number:03d}/image.nii.gz")
        volume(root / f"case_{number:03d}/body-regions.nii.gz", 255, *range(14))
        volume(root / f"case_{number:03d}/body-parts.nii.gz", 1)
    rows = ("case_000,1.2.3,fold-1", "case_007,1.2.4,fold-5", "case_899,1.2.5,test")
    text(root / "Segmentation Info.csv", "id,tcia_series_instance_uid,split", *rows)


def totalsegmentator(root: Path) -> None:
    muscles = ("autochthon", "iliopsoas", "gluteus_maximus", "gluteus_medius", "gluteus_minimus")
    names = [
        "liver",
        "vertebrae_L3",
        *(f"{m}_{side}" for m in muscles for side in ("left", "right")),
    ]
    for case in ("s0000", "s0287", "s1429"):
        volume(root / f"{case}/ct.nii.gz")
        for place, name in enumerate(names):
            volume(root / f"{case}/segmentations/{name}.nii.gz", *np.eye(12, dtype=int)[place])
    text(
        root / "meta.csv",
        "image_id;age;gender;institute;study_type;split;manufacturer;scanner_model;kvp;pathology;"
        "pathology_location",
        "s0000;60;m;A;ct;train;Siemens;Definition;120;none;",
        "s0287;61;f;A;ct;val;GE;Discovery;120;none;",
        "s1429;62;m;C;ct;test;Siemens;Definition;120;none;",
        encoding="utf-8-sig",
    )


def dicom_slice(path: Path, number: int, series: str, **changes: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SeriesInstanceUID = "CT", series
    data.Manufacturer, data.ManufacturerModelName = "Philips", "Mx8000"
    data.Rows, data.Columns, data.PixelSpacing = 4, 6, [0.7, 0.8]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [-10, -20, 300 - 3 * number]  # from the head downwards
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    pixels = np.full((4, 6), 1000 + number, np.uint16)
    pixels[0, 0] = 0  # the patient's right, front
    data.PixelData = pixels.tobytes()
    for name, value in changes.items():
        setattr(data, name, value)
        if value is None:
            delattr(data, name)
    data.save_as(path, enforce_file_format=True)


def chaos_ct(root: Path) -> None:
    for subject in ("1", "10"):
        series = generate_uid()
        for number in range(3):
            mask = np.zeros((4, 6))
            mask[0, 0] = 255 if number == 1 else 0
            mask[3, 5] = 255
            folder = root / f"Train_Sets/CT/{subject}"
            dicom_slice(folder / f"DICOM_anon/i{number:04d},0000b.dcm", number, series)
            picture(folder / f"Ground/liver_GT_{number:03d}.png", mask)
    volume(root / "Train_Sets/MR/1/T1DUAL/volume.nii.gz")


def salient(images: str, masks: str, *names: str) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        mask = np.zeros((8, 10))
        mask[2:6, 3:7] = 255
        mask[2, 3:7] = 40  # a soft edge
        for name in names:
            part, _, stem = name.rpartition("/")
            picture(root / images.format(part) / f"{stem}.jpg", np.full((8, 10, 3), (90, 20, 200)))
            picture(root / masks.format(part) / f"{stem}.png", mask)

    return build


def voc2012(root: Path) -> None:
    base = root / "VOCdevkit/VOC2012"
    mask = np.zeros((8, 10))
    mask[2:6, 3:7], mask[2, 3:7] = 15, 255
    for name in ("2007_000032", "2007_000033", "2008_000001"):
        picture(base / f"JPEGImages/{name}.jpg", np.full((8, 10, 3), (90, 20, 200)))
    for name in ("2007_000032", "2007_000033"):
        picture(base / f"SegmentationClass/{name}.png", mask, palette=True)
    text(base / "ImageSets/Segmentation/train.txt", "2007_000032")
    text(base / "ImageSets/Segmentation/val.txt", "2007_000033")


@dataclass
class Tree:
    """A small tree and what its card must find in it: cases, the facts of one, its labels."""

    build: Callable[[Path], None]
    subjects: dict[str, str]
    labels: dict[int, int]
    spacing: tuple[float, ...] | None = (1.0, 2.0, 3.0)
    facts: dict[str, str] = field(default_factory=dict)
    subsets: dict[str, str] = field(default_factory=dict)


OASIS = {"OAS1_0001_MR1": "OAS1_0001", "OAS1_0002_MR1": "OAS1_0002", "OAS1_0445_MR1": "OAS1_0445"}
SCANS = {"s0000": "s0000", "s0287": "s0287", "s1429": "s1429"}
MUSCLES = {0: 10, 6: 10, **dict.fromkeys(range(1, 6), 20)}
FOLDS = {"case_000": "case_000", "case_007": "case_007", "case_899": "case_899"}
TREES = {
    "hc18": Tree(
        hc18, {"000_HC": "000", "010_HC": "010", "010_2HC": "010"}, {0: 122, 1: 70}, (0.07, 0.07),
        {"head_circumference_mm": "44.3"},
    ),
    "hc18_legacy": Tree(
        hc18, {name: name for name in ("000_HC", "010_HC", "010_2HC")}, {0: 122, 1: 70},
        (0.07, 0.07),
        {"head_circumference_mm": "44.3"},
    ),
    "lung_ultrasound_ribs": Tree(
        lung_ultrasound_ribs, {"pos2_5": "volunteer1", "pos2_10": "volunteer1"}, {0: 152, 1: 8},
        None,
    ),
    "atlas_v2": Tree(
        atlas_v2, {"sub-r001s001_ses-1": "r001s001", "sub-r052s003_ses-1": "r052s003"},
        {0: 60, 1: 60}, facts={"site": "R001", "session": "1"},
    ),
    "atlas_v1_2": Tree(
        atlas_v1_2,
        {"031940_t01": "031940", "031768_t01": "031768", "031768_t02": "031768"},
        {0: 60, 1: 60}, facts={"site": "Site9"},
    ),
    "mslesseg": Tree(
        mslesseg, {"P1_T1": "P1", "P1_T2": "P1", "P54": "P54", "P60_T1": "P60"}, {0: 60, 1: 60},
        facts={"session": "T1"}, subsets={"P54": "test", "P60_T1": "test"},
    ),
    "open_ms_data": Tree(open_ms_data, {"patient01": "patient01"}, {0: 60, 1: 60}),
    "ms_mendeley": Tree(ms_mendeley, {"Patient-1": "1", "Patient-60": "60"}, {0: 60, 1: 60}),
    "neurite_oasis": Tree(
        neurite("aligned_seg4.nii.gz", "aligned_norm.nii.gz", 4), OASIS,
        dict.fromkeys(range(5), 24),
    ),
    "neurite_oasis_35": Tree(
        neurite("aligned_seg35.nii.gz", "aligned_norm.nii.gz", 35), OASIS,
        {**dict.fromkeys(range(12), 4), **dict.fromkeys(range(12, 36), 3)},
    ),
    "neurite_oasis_2d": Tree(
        neurite("slice_seg24.nii.gz", "slice_norm.nii.gz", 24, (5, 10, 1)), OASIS,
        dict.fromkeys(range(25), 2), (2.0, 1.0),
    ),
    "oasis1_t1": Tree(
        oasis1_t1, {"OAS1_0001_MR1": "OAS1_0001", "OAS1_0002_MR1": "OAS1_0002"}, {0: 120},
        facts={"class": "F", "age": "74", "clinical_dementia_rating": "0"},
    ),
    "ixi_t1": Tree(
        ixi_t1, {"IXI002-Guys-0828": "IXI002", "IXI012-HH-1211": "IXI012",
                 "IXI035-IOP-0873": "IXI035"}, {0: 120}, facts={"class": "Guys"},
        subsets={"IXI012-HH-1211": "pretrain"},
    ),
    "msd_hippocampus": Tree(
        decathlon("Task04_Hippocampus", "hippocampus", 2),
        {"hippocampus_1": "hippocampus_1", "hippocampus_22": "hippocampus_22"},
        dict.fromkeys(range(3), 40),
    ),
    "saros": Tree(
        saros, FOLDS, {**dict.fromkeys(range(7), 8), **dict.fromkeys(range(7, 14), 8), 255: 8},
        facts={"split": "fold-1"}, subsets={"case_899": "test"},
    ),
    "totalsegmentator_ct": Tree(
        totalsegmentator, SCANS, MUSCLES, facts={"manufacturer": "Siemens"},
        subsets={"s0000": "train", "s0287": "val", "s1429": "test"},
    ),
    "totalsegmentator_ct_small": Tree(
        totalsegmentator, SCANS, MUSCLES, facts={"model": "Definition", "split": "train"},
    ),
    "msd_liver": Tree(
        decathlon("Task03_Liver", "liver", 2), {"liver_1": "liver_1", "liver_22": "liver_22"},
        dict.fromkeys(range(3), 40),
    ),
    "chaos_ct": Tree(
        chaos_ct, {"1": "1", "10": "10"}, {0: 68, 1: 4}, (0.8, 0.7, 3.0),
        {"manufacturer": "Philips", "model": "Mx8000"},
    ),
    "duts": Tree(
        salient("DUTS-{0}/DUTS-{0}-Image", "DUTS-{0}/DUTS-{0}-Mask", "TR/ILSVRC2012_1", "TE/b"),
        {"ILSVRC2012_1": "ILSVRC2012_1", "b": "b"}, {0: 68, 1: 12}, None,
        subsets={"b": "test"},
    ),
    "xpie": Tree(
        salient("XPIE/Images", "XPIE/Grounds", "Y_E_1", "Y_I_22", "Y_P_3"),
        {"Y_E_1": "Y_E_1", "Y_I_22": "Y_I_22", "Y_P_3": "Y_P_3"}, {0: 68, 1: 12}, None,
        {"origin": "E"},
    ),
    "voc2012_segmentation": Tree(
        voc2012, {"2007_000032": "2007_000032", "2007_000033": "2007_000033"},
        {0: 64, 15: 12, 255: 4}, None,
        subsets={"2007_000032": "train", "2007_000033": "val"},
    ),
}  # fmt: skip


def test_every_public_card_has_a_tree() -> None:
    assert TREES.keys() == PUBLIC.keys()


@pytest.mark.parametrize("name", TREES)
def test_a_tree_is_read_as_its_card_says(name: str, tmp_path: Path) -> None:
    card, tree = PUBLIC[name], TREES[name]
    tree.build(tmp_path / "copy")
    cases = {case.case: case for case in find_cases(card, tmp_path / "copy")}
    assert {case: found.subject for case, found in cases.items()} == tree.subjects
    first = next(iter(tree.subjects))
    loaded = load_case(card, cases[first])
    assert dict(enumerate_counts(loaded.mask)) == tree.labels
    if tree.spacing is None:
        assert loaded.spacing_mm is None
    else:
        assert loaded.spacing_mm == pytest.approx(tree.spacing)
    assert tree.facts.items() <= loaded.facts.items()
    assert all(path.is_file() for path in cases[first].files)

    assert card.split is not None
    rows = split_by_rule(card.split, cases.values())
    check_groups(name, rows)
    subsets = {row.case: row.subset for row in rows}
    assert tree.subsets.items() <= subsets.items()


def enumerate_counts(mask: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    values, counts = np.unique(mask, return_counts=True)
    return [(int(value), int(count)) for value, count in zip(values, counts, strict=True)]


@pytest.mark.parametrize(
    "target", [t for t in REGISTRY.targets.values() if t.dataset in PUBLIC], ids=lambda t: t.id
)
def test_a_target_finds_its_labels_in_its_data_set(target: TargetCard, tmp_path: Path) -> None:
    card = PUBLIC[target.dataset]
    TREES[card.id].build(tmp_path)
    loaded = load_case(card, find_cases(card, tmp_path)[0])
    how = Preprocessing(tuple(target.labels.items()), target.intensity, target.slice_axis, 32)
    found = set(np.unique(merge_labels(loaded.mask, card, how)).tolist()) - {255}
    assert found == set(range(len(target.labels) + 1))
    assert (loaded.image.ndim == 3) == (target.slice_axis is not None)


def test_people_of_oasis_have_one_place_in_all_its_sets() -> None:
    names = [f"OAS1_{number:04d}" for number in range(1, 458)]
    reserved = {}
    for name in ("neurite_oasis", "neurite_oasis_35", "neurite_oasis_2d", "oasis1_t1"):
        rule = PUBLIC[name].split
        assert rule is not None
        rows = split_by_rule(rule, [Case(case=n, subject=n) for n in names])
        reserved[name] = {row.subject for row in rows if row.subset == "pretrain"}
        assert "oasis" in PUBLIC[name].families
    first, *others = reserved.values()
    assert all(other == first for other in others)
    assert 0.4 < len(first) / len(names) < 0.6


@pytest.fixture
def chaos(tmp_path: Path) -> Path:
    chaos_ct(tmp_path)
    return tmp_path / "Train_Sets/CT/1"


def first_case(root: Path, card: DatasetCard = PUBLIC["chaos_ct"]) -> Any:
    return load_case(card, find_cases(card, root)[0])


def test_a_series_is_turned_to_ras_in_hu_with_its_masks(chaos: Path) -> None:
    loaded = first_case(chaos.parents[2])
    assert loaded.image.shape == (6, 4, 3)
    # Slices were stored from the head downwards; the third axis points upwards.
    assert loaded.image[0, 0].tolist() == [1002 - 1024, 1001 - 1024, 1000 - 1024]
    # The first stored pixel lies to the right and in front, where RAS+ has its highest indices.
    assert (loaded.image[5, 3] == -1024).all() and (loaded.image == -1024).sum() == 3
    assert loaded.mask[5, 3].tolist() == [0, 1, 0] and loaded.mask[0, 0].tolist() == [1, 1, 1]


def test_an_outline_that_leaves_the_picture_is_closed_at_its_edge(tmp_path: Path) -> None:
    hc18(tmp_path)
    cases = {case.case: case for case in find_cases(PUBLIC["hc18"], tmp_path)}
    mask = load_case(PUBLIC["hc18"], cases["010_2HC"]).mask
    assert mask[:7, :10].all() and mask.sum() == 70


def dicom_fault(root: Path) -> str:
    with pytest.raises(DataError) as error:
        first_case(root)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_faults_of_a_series(chaos: Path) -> None:
    root, folder = chaos.parents[2], chaos / "DICOM_anon"
    last = folder / "i0002,0000b.dcm"
    whole = last.read_bytes()
    series = str(pydicom.dcmread(last).SeriesInstanceUID)

    dicom_slice(last, 4, series)
    assert "9.00 mm apart, the other slices 6.00 mm; a slice is missing" in dicom_fault(root)
    dicom_slice(last, 1, series)
    assert "two slices at one position" in dicom_fault(root)
    dicom_slice(last, 2, generate_uid())
    assert "another series or grid" in dicom_fault(root)
    dicom_slice(last, 2, series, PixelSpacing=[0.7, 0.9])
    assert "another series or grid" in dicom_fault(root)
    no_rescaling = {"RescaleSlope": None, "RescaleIntercept": None}
    negative = {"PhotometricInterpretation": "MONOCHROME1"}
    for facts in ({"PatientID": "another"}, {"Modality": "PT"}, no_rescaling, negative):
        dicom_slice(last, 2, series, **facts)
        assert "another series or grid" in dicom_fault(root)
    dicom_slice(last, 2, series, RescaleSlope=0)
    assert "RescaleSlope is 0" in dicom_fault(root)
    dicom_slice(last, 2, series, PhotometricInterpretation="PALETTE COLOR")
    assert "colours of a palette" in dicom_fault(root)
    dicom_slice(last, 2, series, ImagePositionPatient=[-10, -18, 294])
    assert "shifted by" in dicom_fault(root)
    last.write_bytes(whole[: len(whole) - 20])
    assert f"{last}: damaged or not a DICOM slice" in dicom_fault(root)
    last.write_text("no DICOM")
    assert "damaged or not a DICOM slice" in dicom_fault(root)
    last.unlink()
    assert "2 slices, but 3 mask pictures of liver" in dicom_fault(root)


def dicom_with_nifti_mask(root: Path, bottom_mm: float) -> DatasetCard:
    """One series and a mask on its grid, stored from the left to the right."""
    series = generate_uid()
    for number in range(3):
        dicom_slice(root / f"scan/i{number}.dcm", number, series)
    mask = np.zeros((6, 4, 3), np.uint8)
    mask[0, 0, 1] = 1  # x = 10 - 0, as DICOM's first pixel; y = 20; z = 297
    affine = np.diag([-0.8, -0.7, 3, 1])
    affine[:3, 3] = 10, 20, bottom_mm
    nib.save(nib.Nifti1Image(mask, affine), root / "m.nii")
    (root / "manifest.csv").write_text("case,subject,image,mask\nc,s,scan,m.nii\n")
    chaos = PUBLIC["chaos_ct"].model_dump(exclude={"split", "target"})
    return DatasetCard.model_validate(
        chaos | {"layout": {"kind": "manifest"}, "group_by": "subject", "labels": {"liver": 1}}
    )


def test_a_nifti_mask_of_a_dicom_series_is_put_on_its_grid_by_the_affines(tmp_path: Path) -> None:
    card = dicom_with_nifti_mask(tmp_path, 294)
    (case,) = find_cases(card, tmp_path)
    assert case.facts["manufacturer"] == "Philips"
    loaded = load_case(card, case)
    assert np.argwhere(loaded.mask).tolist() == [[5, 3, 1]]
    assert loaded.image[5, 3, 1] == -1024


def test_a_nifti_mask_beside_the_grid_of_its_series_is_refused(tmp_path: Path) -> None:
    card = dicom_with_nifti_mask(tmp_path, 297)
    (case,) = find_cases(card, tmp_path)
    with pytest.raises(DataError, match="affine differs from its image's"):
        load_case(card, case)


def test_a_table_that_is_meant_twice_or_missing_is_one_line(tmp_path: Path) -> None:
    card = PUBLIC["saros"]
    saros(tmp_path)
    text(tmp_path / "Segmentation-Info_09-29-2023.csv", "id,split")
    with pytest.raises(DataError, match="both match .*which table is meant"):
        find_cases(card, tmp_path)
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    with pytest.raises(DataError, match="no such table"):
        find_cases(card, tmp_path)


def test_a_volume_is_no_single_slice(tmp_path: Path) -> None:
    neurite("slice_seg24.nii.gz", "slice_norm.nii.gz", 24)(tmp_path)
    with pytest.raises(DataError, match="its card says single_slice"):
        first_case(tmp_path, PUBLIC["neurite_oasis_2d"])


def test_masks_numbered_otherwise_than_slices_lie_on_their_own_slice(tmp_path: Path) -> None:
    """Slices 1 ... 12 and masks 01 ... 12: by text order every mask but three is another's."""
    series = generate_uid()
    for number in range(1, 13):
        mask = np.zeros((4, 6))
        mask.flat[: 2 * number] = 255
        folder = tmp_path / "Train_Sets/CT/1"
        dicom_slice(folder / f"DICOM_anon/{number}.dcm", number, series)
        picture(folder / f"Ground/m_{number:02d}.png", mask)
    counts = (first_case(tmp_path).mask > 0).sum((0, 1))
    assert sorted(counts) == counts[::-1].tolist() or counts.tolist() == sorted(counts)
    assert sorted(counts.tolist()) == [2 * number for number in range(1, 13)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NumberOfFrames": 12}, "a multi-frame file of 12 frames; convert the series to NIfTI"),
        ({"PixelSpacing": [0.0, 0.8]}, "PixelSpacing is .0.0, 0.8.; expected mm above 0"),
        ({"PixelSpacing": [0.8, 0.8, 0.8]}, "PixelSpacing is .* expected 2 numbers"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient"),
        ({"RescaleIntercept": None}, "has RescaleSlope alone of RescaleSlope and RescaleInter"),
        ({"RescaleSlope": None}, "has RescaleIntercept alone of RescaleSlope and RescaleInter"),
    ],
)
def test_slices_that_cannot_be_read(chaos: Path, changes: dict[str, Any], message: str) -> None:
    dicom_slice(chaos / "DICOM_anon/i0000,0000b.dcm", 0, generate_uid(), **changes)
    with pytest.raises(DataError, match=message):
        first_case(chaos.parents[2])


def test_a_slice_without_a_decoder_says_what_to_install(chaos: Path) -> None:
    path = chaos / "DICOM_anon/i0000,0000b.dcm"
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = JPEGLSLossless
    data.PixelData = encapsulate([b"\xff\xd8\xff\xf7" + bytes(60) + b"\xff\xd9"])
    data["PixelData"].is_undefined_length = True
    data.save_as(path, enforce_file_format=True)
    with pytest.raises(DataError, match="JPEG-LS.*type `pip install pylibjpeg"):
        first_case(chaos.parents[2])
