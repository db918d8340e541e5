"""Folders of DICOM files, each folder one volume, with masks as NIfTI or one picture per slice."""

from pathlib import Path

from benchmark.cards.dataset import DatasetCard, DicomSeries
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.layouts.case_files import load_files
from benchmark.data.layouts.file_patterns import find_by_pattern
from benchmark.data.layouts.registry import LayoutReader


def find(card: DatasetCard, layout: DicomSeries, root: Path) -> list[Case]:
    """One case per folder of files that match; the scanner's maker and model become facts."""
    return find_by_pattern(card, layout, root, series=True)


def load(card: DatasetCard, layout: DicomSeries, case: Case) -> LoadedCase:
    """Read one series and its masks."""
    return load_files(card, case)


LAYOUT = LayoutReader(find, load)
