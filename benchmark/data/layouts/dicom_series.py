"""Folders of DICOM files, each folder one volume, with masks as NIfTI or one picture per slice."""

from functools import partial

from benchmark.data.layouts.case_files import load_files
from benchmark.data.layouts.file_patterns import find_by_pattern
from benchmark.data.layouts.registry import LayoutReader

LAYOUT = LayoutReader(partial(find_by_pattern, series=True), load_files)
