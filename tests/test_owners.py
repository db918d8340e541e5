"""Whether a process is still there."""

import os
import subprocess
import sys

from benchmark.owners import HOST, has_ended


def test_only_processes_of_this_host_are_known_to_have_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not has_ended(HOST, process.pid) and not has_ended(HOST, os.getpid())
    assert has_ended(HOST, process.pid) and not has_ended("elsewhere", process.pid)
    assert has_ended(HOST, 2**40)  # no process has such a number
    assert not has_ended(HOST, 1)  # another user's, or this container's first
