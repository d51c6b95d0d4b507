"""The command line: one function a command, no logic."""

import gc

gc.disable()  # what is imported stays: to look for garbage among it takes a tenth of a start

from adapter.cli.main import main  # noqa: E402  # after that

gc.freeze()
gc.enable()

__all__ = ["main"]
