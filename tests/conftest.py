"""What every test shares: assertions in the harness explain themselves too."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("support")
