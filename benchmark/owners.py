"""Which process something belongs to, and whether that process is still there."""

import os
import re
import socket

HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "localhost"


def has_ended(host: str, process: int) -> bool:
    """Whether a process has ended; False where that cannot be known, on another host."""
    if host != HOST or os.name == "nt":
        return False
    try:
        os.kill(process, 0)  # sends nothing
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:  # another user's
        return False
    return False
