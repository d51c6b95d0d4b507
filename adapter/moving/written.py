"""Write our configuration out of what another adapter's said."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.moving.webhook_dingtalk import Imported, Target

_HEADING: Final = """\
# Made from the configuration of prometheus-webhook-dingtalk. It holds tokens: chmod 600.
# The old URLs, /dingtalk/NAME/send, work as before; docs/migrate.md says what differs.
"""
_ROUTE: Final = (
    "route:  # of what is posted to /alertmanager; what comes by an old URL knows its robot"
)
_MENTION_ON: Final = "[firing, repeat, resolved]  # as before; left out, only new alerts ring"


def configuration(imported: Imported) -> str:
    """Return a configuration, with comments."""
    return _HEADING + "".join(f"{line}\n" for line in _lines(imported))


def _lines(imported: Imported) -> Iterator[str]:
    if imported.timeout is not None:
        yield "robot_defaults:"
        yield f"  timeout: {_span(imported.timeout)}"
    yield "robots:"
    for target in imported.targets:
        yield from _robot(target)
    yield _ROUTE
    yield f"  robots: [{_text(imported.targets[0].name)}]"


def _robot(target: Target) -> Iterator[str]:
    yield f"  {_text(target.name)}:"
    yield f"    webhook: {_quoted(target.webhook.reveal())}"
    if target.secret is not None:
        yield f"    secret: {_quoted(target.secret.reveal())}"
    if target.mention:
        yield f"    mention: [{', '.join(_quoted(each) for each in target.mention)}]"
        yield f"    mention_on: {_MENTION_ON}"


def _span(span: timedelta) -> str:
    milliseconds = span // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{milliseconds}ms" if rest else f"{seconds}s"


def _text(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w-]*", name, re.ASCII) else _quoted(name)


def _quoted(text: str) -> str:
    """Return a text in quotes that YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False)
