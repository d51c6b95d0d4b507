"""Every sample as it is read: title and text, whole, in both languages.

After a change that is meant, `UPDATE_GOLDEN=1 pytest tests/core/test_rendering_golden.py` writes
the files anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import BODY_LIMIT, body
from adapter.core.webhook import decode_webhook
from support.rendering import NOW, ROOT, renderer

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = ROOT / "tests" / "samples"
GOLDEN = ROOT / "tests" / "golden" / "rendering"
PATHS = sorted(path.relative_to(SAMPLES) for path in SAMPLES.rglob("*.json"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PATHS, ids=str)
def test_sample_reads_as_its_golden_file(path: Path, language: str) -> None:
    group = decode_webhook((SAMPLES / path).read_bytes())
    delivery = Delivery(robot="ops", group=group, settings=RenderSettings(language=language))
    rendered = renderer().render(delivery, now=NOW)
    markdown = rendered.message.markdown
    shown = f"{markdown.title}\n\n----\n\n{markdown.text}\n"
    golden = GOLDEN / language / path.with_suffix(".md")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(shown)
    assert shown == golden.read_text()
    assert rendered.failed is None
    assert len(body(rendered.message, "0" * 36)) <= BODY_LIMIT


def test_every_golden_file_has_its_sample() -> None:
    expected = {path.with_suffix(".md") for path in PATHS}
    for language in ("zh", "en"):
        found = (GOLDEN / language).rglob("*.md")
        assert {path.relative_to(GOLDEN / language) for path in found} == expected
