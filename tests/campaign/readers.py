"""Every reader of files that others write, with sound files of it, made by code."""

import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import torch
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from safetensors.torch import save as safetensors_bytes
from support.factories import make_record, shipped_registry, workspace_at
from support.layouts import card

from benchmark.cards.board import BoardCard
from benchmark.cards.card import Card, check_model, read_yaml
from benchmark.cards.card_cache import ParsedCards
from benchmark.cards.content import shipped_content
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.registry import read_split
from benchmark.cards.source import SourceCard
from benchmark.cards.target import TargetCard
from benchmark.data.archives import extract
from benchmark.data.install_state import read_state
from benchmark.data.layouts.registry import find_cases
from benchmark.data.licences import acceptance
from benchmark.data.local_copies import local_copy
from benchmark.data.readers.dicom import header_facts, read_series
from benchmark.data.readers.images import read_picture
from benchmark.data.readers.volumes import read_volume
from benchmark.leaderboard.published_numbers import read_published
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.weight_store import StoredWeights, stored_weights
from benchmark.models.weights import MoreThanTensors, read_file, read_tensors
from benchmark.records.predictions import read_hashes, read_map
from benchmark.records.store import read_record
from benchmark.records.trust import read_trust

GREY = (np.arange(600).reshape(20, 30) % 251).astype(np.uint8)
VOLUME = np.random.default_rng(0).integers(0, 200, (5, 6, 7)).astype(np.int16)
IMAGES, MASKS = r"(?P<case>(?P<subject>p\d))\.png", ["{case}_m.png"]


@dataclass(frozen=True)
class Reader:
    """A reader and sound files of its kind.

    Attributes:
        file: Name of the file in an empty folder.
        seeds: Contents.
        read: Reads it.
        share: Of all inputs, relative to the others; small where reading takes long.
    """

    file: str
    seeds: Sequence[bytes]
    read: Callable[[Path], object]
    share: float = 1.0


def _card(kind: type[Card], pattern: str) -> Reader:
    paths = sorted(shipped_content().glob(pattern))
    seeds = [path.read_bytes() for path in paths if path.stat().st_size < 4000][:12]
    return Reader("card.yaml", seeds, lambda path: check_model(read_yaml(path), kind, path), 0.5)


def _picture(ending: str, **how: Any) -> Reader:
    seeds = []
    modes = ("L", "1", "P", "I;16") if ending == "GIF" else ("L", "RGB", "1", "P", "I;16")
    for mode in modes:  # Pillow writes grey RGB as GIF with a negative palette, which no mask has
        image = Image.fromarray(GREY.astype(np.uint16)) if mode == "I;16" else Image.fromarray(GREY)
        stream = io.BytesIO()
        try:
            (image if mode == "I;16" else image.convert(mode)).save(stream, ending, **how)
        except (OSError, ValueError):  # a mode that the format has not
            continue
        seeds.append(stream.getvalue())

    def read(path: Path) -> None:
        read_picture(path)
        read_picture(path, indices=True)

    return Reader(f"p.{ending.lower()}", seeds, read)


def _volume(name: str) -> Reader:
    seeds = []
    kinds: tuple[Any, ...] = (nib.Nifti1Image, nib.Nifti2Image)
    for kind in kinds:
        image = kind(VOLUME, np.diag([0.9, 1.1, 3.0, 1.0]))
        data = image.to_bytes()
        seeds.append(gzip.compress(data, 1) if name.endswith(".gz") else data)
    return Reader(name, seeds, read_volume)


def _analyze() -> Reader:
    def read(path: Path) -> None:
        path.with_suffix(".img").write_bytes(VOLUME.tobytes())
        read_volume(path.with_suffix(".img"))

    image = nib.AnalyzeImage(VOLUME, np.diag([1.0, 1.0, 2.0, 1.0]))
    return Reader("v.hdr", [image.header.binaryblock], read)


def dicom_bytes(number: int) -> bytes:
    """One slice of a CT series."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.{number + 1}")
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SeriesInstanceUID, data.Manufacturer = "CT", "1.2.3", "none"
    data.Rows, data.Columns, data.PixelSpacing = 4, 6, [0.7, 0.8]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [0, 0, 3 * number]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = np.full((4, 6), number, np.uint16).tobytes()
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, data, enforce_file_format=True)
    return stream.getvalue()


def _dicom() -> Reader:
    others = [dicom_bytes(1), dicom_bytes(2)]

    def read(path: Path) -> None:
        for number, data in enumerate(others):
            path.with_name(f"{number}.dcm").write_bytes(data)
        header_facts(path)
        read_series([path, *(path.with_name(f"{k}.dcm") for k in range(2))])

    return Reader("a.dcm", [dicom_bytes(0)], read, 0.5)


def _layout(file: str, seeds: Sequence[bytes], **layout: Any) -> Reader:
    found = card(layout)

    def read(path: Path) -> None:
        for name in ("p1.png", "p1_m.png", "labelsTr/p1.nii", "imagesTr/p1_0000.nii"):
            (path.parent / name).parent.mkdir(exist_ok=True)
            (path.parent / name).write_bytes(b"")
        find_cases(found, path.parent)

    return Reader(file, seeds, read)


def _maps() -> Reader:
    stream = io.BytesIO()
    np.savez_compressed(stream, **{"0": GREY})  # type: ignore[arg-type]
    plain = io.BytesIO()
    np.savez(plain, **{"0": GREY})  # type: ignore[arg-type]

    def read(path: Path) -> None:
        read_map(path, 0, GREY.shape)
        read_map(path, 0)

    return Reader("m.npz", [stream.getvalue(), plain.getvalue()], read)


def _tensors(name: str) -> Reader:
    state = {"conv.weight": torch.zeros(4, 3), "bn.running_mean": torch.ones(4)}
    seeds = [safetensors_bytes(state)]
    if name.endswith(".pth"):
        seeds = []
        for legacy in (False, True):
            stream = io.BytesIO()
            torch.save({"model": state}, stream, _use_new_zipfile_serialization=not legacy)
            seeds.append(stream.getvalue())

    def read(path: Path) -> None:
        try:
            read_file(path)
        except MoreThanTensors:
            return
        read_tensors(path, None)

    return Reader(name, seeds, read)


def _pickle() -> Reader:
    content = {"model": {f"layer{k}.weight": np.zeros((2, 2)) for k in range(3)}, "epoch": 3}
    return Reader("old.pkl", [pickle.dumps(content, 2)], open_checkpoint, 0.0005)


def _archive(name: str) -> Reader:
    stream = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/b.txt", "text " * 50)
            archive.writestr("c.txt", "x")
    else:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            info = tarfile.TarInfo("a/b.txt")
            info.size = 250
            tar.addfile(info, io.BytesIO(b"text " * 50))
    data = stream.getvalue()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    if name.endswith(".xz"):
        data = lzma.compress(data)
    return Reader(name, [data], lambda path: extract(path, path.parent / "out"), 0.7)


def _local(file: str, content: dict[str, Any], read: Callable[[Path], object]) -> Reader:
    return Reader(file, [json.dumps(content).encode()], read, 0.5)


def _of_home(path: Path, relative: Path, read: Callable[[], object]) -> object:
    target = path.parent / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    return read()


def _local_copy(path: Path) -> object:
    home = workspace_at(path.parent)
    wanted = home.local_copy_file("hc18").relative_to(path.parent)
    return _of_home(path, wanted, lambda: local_copy("hc18", home))


def _licence(path: Path) -> object:
    home, card = workspace_at(path.parent), shipped_registry().dataset("hc18")
    wanted = home.licence_file("hc18").relative_to(path.parent)
    return _of_home(path, wanted, lambda: acceptance(card, home))


def _stored_weights() -> Reader:
    card = shipped_registry().source("imagenet_resnet18_torchvision")
    assert card.weights is not None and card.weights.sha256 is not None
    stored = StoredWeights(
        source=card.id, sha256=card.weights.sha256.ljust(64, "0"), file="w.pth", origin="a file"
    )

    def read(path: Path) -> object:
        home = workspace_at(path.parent)
        file = stored.path(home)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
        wanted = home.weights_record(card.id).relative_to(path.parent)
        return _of_home(path, wanted, lambda: stored_weights(card, home))

    return _local("c", stored.model_dump(), read)


@cache
def readers() -> dict[str, Reader]:
    """Every reader by its name."""
    record = make_record(dice={"a": 0.5, "b": 0.7}).model_dump_json(indent=1).encode()
    hashes = {"schema_version": 1, "key": "k", "processor": "p", "cases": {"a": "0" * 64}}
    split = b"case,subject,subset\na,s,train\nb,t,val\nc,u,test\n"
    trust = b"record,sha256,level,by,date\na/b.json," + b"0" * 64 + b",re-scored,me,2026-01-01\n"
    manifest = b"case,subject,image,mask,spacing_mm\np1,p1,p1.png,p1_m.png,0.1\n"
    decathlon = {"training": [{"image": "./imagesTr/p1.nii", "label": "./labelsTr/p1.nii"}]}
    table = {"file": "t.csv", "key": "k", "match": "{case}", "columns": {"site": "s"}}
    published = [path.read_bytes() for path in shipped_content().glob("**/published.csv")]
    copy = {"dataset": "hc18", "root": "/x", "fingerprint": "f", "cases": 1, "subjects": 1,
            "subsets": {"train": 1}, "missing": [], "extra": [], "expected_cases": None,
            "spacing_mm": [0.1, 0.2]}  # fmt: skip
    licence = {"dataset": "hc18", "version": 1, "licence": "l", "accepted": "2026"}
    placed = {"bytes": 1, "md5": None, "sha256": None, "into": "", "nested": None}
    hc18 = shipped_registry().dataset("hc18")
    return {
        "splits.csv": Reader("splits.csv", [split], read_split),
        "trust.csv": Reader("trust.csv", [trust], lambda path: read_trust(path.parent)),
        "published.csv": Reader("p.csv", [p for p in published if len(p) < 9000], read_published),
        "card of a data set": _card(DatasetCard, "datasets/*/dataset.yaml"),
        "card of a source": _card(SourceCard, "tasks/source/*.yaml"),
        "card of a target": _card(TargetCard, "tasks/target/*.yaml"),
        "card of a board": _card(BoardCard, "leaderboards/*/board.yaml"),
        "parsed cards": _local("cards.json", {"0" * 64: {"id": "a"}}, lambda p: ParsedCards(p)),
        "record": Reader("r.json", [record], read_record),
        "prediction hashes": Reader("h.json", [json.dumps(hashes).encode()], read_hashes),
        "label maps": _maps(),
        **{f"picture {kind}": _picture(kind) for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF",
                                                         "PPM", "WEBP")},
        "NIfTI": _volume("v.nii"),
        "NIfTI, gzip": _volume("v.nii.gz"),
        "Analyze": _analyze(),
        "DICOM series": _dicom(),
        "manifest.csv": _layout("manifest.csv", [manifest], kind="manifest"),
        "dataset.json": _layout("dataset.json", [json.dumps(decathlon).encode(),
                                b'{"file_ending": ".nii"}'], kind="msd"),
        "table of facts": _layout("t.csv", [b"k,s\np1,here\n"], kind="paired_images",
                                  images=IMAGES, masks=MASKS, table=table),
        "official list": _layout("l.txt", [b"p1\np2\n"], kind="paired_images", images=IMAGES,
                                 masks=MASKS, lists={"train": "l.txt"}),
        "safetensors": _tensors("w.safetensors"),
        "PyTorch file": _tensors("w.pth"),
        "old pickle": _pickle(),
        **{f"archive {name}": _archive(name) for name in ("a.zip", "a.tar", "a.tar.gz",
                                                         "a.tar.xz")},
        "local copy": _local("c", copy, _local_copy),
        "licence": _local("c", licence, _licence),
        "installed files": _local("segtransfer.json", {"dataset": "hc18", "placed": {"a": placed}},
                                  lambda path: read_state(hc18, path.parent)),
        "stored weights": _stored_weights(),
    }  # fmt: skip
