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

_PROCESSORS = structlog.get_config()["processors"][:-1]
_PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)

settings.register_profile("sample", deadline=None, derandomize=True, max_examples=35)
settings.register_profile("full", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("full" if os.environ.get("VERIFY") else "sample")


def pytest_collection_finish(session: pytest.Session) -> None:
    """See that tests which share what is dear to set up go to one process, as their marks say."""
    if session.config.getoption("loadgroup", default=False):
        apart = [
            item.nodeid
            for item in session.items
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid
        ]
        assert not apart, "pytest and pytest-xdist do not go together: groups are not kept"


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Leave no test the logging that a command, run in this process, set up for itself.

    Tracebacks are plain: structlog's own default draws them with every local, for seconds.
    """
    structlog.configure(processors=[*_PROCESSORS, _PLAIN])
    yield
    structlog.reset_defaults()
