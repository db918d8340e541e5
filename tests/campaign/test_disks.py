"""The short form of the campaign on disks; the long one is run by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaign.disks import reason_to_skip


@pytest.mark.slow
def test_a_disk_that_is_really_full() -> None:
    if reason := reason_to_skip():
        pytest.skip(f"no disk can be mounted: {reason}")
    command = [sys.executable, "-m", "campaign.disks", "--parts", "full", "--tries", "1"]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"tried": 2' in done.stdout
