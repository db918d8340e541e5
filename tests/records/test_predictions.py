"""Label maps and their hashes come back from disk."""

from pathlib import Path

import numpy as np

from benchmark.records.predictions import prediction_log, prediction_sha256, read_hashes, read_map


def test_a_volume_of_labels_comes_back(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, 3, (4, 5, 6)).astype(np.uint8)
    with prediction_log(tmp_path / "a.json", "sha256:key", "cpu", True) as keep:
        keep("../case", volume)
        keep("b", volume.T.copy())
    assert np.array_equal(read_map(tmp_path / "a.npz", 0, (4, 5, 6)), volume)
    hashes = read_hashes(tmp_path / "a.json")
    assert hashes.cases["../case"] == prediction_sha256(volume) != hashes.cases["b"]
    with prediction_log(tmp_path / "a.json", "sha256:key", "cpu", False) as keep:
        keep("b", volume)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.json"]
