"""The command line: one function a command, no logic."""

from adapter.cli.main import main

__all__ = ["main"]
