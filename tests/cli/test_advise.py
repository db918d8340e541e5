"""`segtransfer advise` on what is shipped."""

import json
from pathlib import Path

from support.command import segtransfer


def test_synthetic_boards_are_marked(shared_home: Path) -> None:
    words = ["advise", "--domain", "ct", "--subjects", "60", "--target", "phantom_abdomen_ct"]
    output = segtransfer(*words, "--synthetic", home=shared_home).stdout
    assert "by real and SYNTHETIC records" in output.splitlines()[0]
    assert "phantom_abdomen_ct (SYNTHETIC): board quickstart_v2" in output
    found = json.loads(segtransfer(*words, "--json", home=shared_home).stdout)
    assert found["settings"] == [] and found["question"]["subjects"] == 60
