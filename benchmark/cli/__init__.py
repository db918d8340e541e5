"""The command `segtransfer`. Heavy imports happen inside the commands that need them."""

from benchmark.cli.main import main

__all__ = ["main"]
