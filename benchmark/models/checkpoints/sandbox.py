"""Isolation of the process that reads an untrusted pickle."""

import ctypes
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork",
           "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink",
           "os.putenv", "os.kill", "shutil.", "webbrowser.", "ctypes.")  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def isolate_network() -> str:
    """Move into a new network namespace; only a process with one thread can.

    Returns:
        A description: only Linux has such namespaces, and not every container may make them.
    """
    if not sys.platform.startswith("linux"):
        return "no network namespace on this system"
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET):
        if libc.unshare(flags) == 0:
            return "network namespace without an interface"
    return f"no network namespace ({os.strerror(ctypes.get_errno())})"


def limit_resources(memory_bytes: int, cpu_seconds: int) -> str:
    """Bound address space and computing time, and write no core file; returns a description."""
    limits = ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_seconds),
              (resource.RLIMIT_CORE, 0))  # fmt: skip
    for kind, limit in limits:
        _, hard = resource.getrlimit(kind)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError):  # macOS bounds no address space
            return "limits refused by this system"
    return f"at most {memory_bytes / 2**30:.1f} GiB of memory and {cpu_seconds} s"


def refuse_side_effects() -> str:
    """Have Python refuse sockets, processes and files to write; returns a description."""
    sys.addaudithook(_refuse)
    return "Python refuses sockets, processes and files to write"


def _refuse(event: str, arguments: Sequence[Any]) -> None:
    if event == "open":
        _, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & WRITING:
            raise PermissionError(f"{event} for writing is refused while a pickle is read")
    elif event.startswith(REFUSED):
        raise PermissionError(f"{event} is refused while a pickle is read")
