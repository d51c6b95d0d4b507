"""What every test shares: the harness explains its assertions; how much Hypothesis tries.

`make test` tries the same examples each time, so that it fails only for a change; `make verify`
(VERIFY=1) tries many, and new ones.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("support")

settings.register_profile("sample", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("full", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("full" if os.environ.get("VERIFY") else "sample")


@pytest.fixture(autouse=True)
def unconfigured_logs() -> Iterator[None]:
    """Leave no test the logging that a command, run in this process, set up for itself."""
    yield
    structlog.reset_defaults()
