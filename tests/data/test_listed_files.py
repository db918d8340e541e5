"""Lists of files that are fetched one by one."""

from pathlib import Path, PurePosixPath

import pytest
from support.factories import shipped_registry

from benchmark.data.listed_files import LIST, ListedFile, read_file_list
from benchmark.errors import DataError


def test_each_shipped_list_names_the_cases_of_its_card() -> None:
    registry = shipped_registry()
    listing = [card for card in registry.datasets.values() if card.files_url]
    assert {card.id for card in listing} == {"hippocampus_t1", "caltech101_classification"}
    for card in listing:
        files = read_file_list(registry.folders[card.id] / LIST)
        assert len({file.path for file in files}) == len(files)
        assert len(files) == (card.expected_cases or 0) * (2 if card.labels else 1)


def test_a_file_is_a_path_a_size_and_a_hash(tmp_path: Path) -> None:
    path = tmp_path / LIST
    path.write_text("file,bytes,sha256\na/b.png,12,00ff\n")
    assert read_file_list(path) == (ListedFile(PurePosixPath("a/b.png"), 12, "00ff"),)


@pytest.mark.parametrize(
    ("line", "message"),
    [("../b.png,12,00ff", "leaves the data set's folder"), ("b.png,many,00ff", "'many'")],
)
def test_a_list_that_cannot_be_used_is_one_line(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / LIST
    path.write_text(f"file,bytes,sha256\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_file_list(path)
