"""route: where an alert with these labels goes, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from adapter import loading
from adapter.cli.outbox_text import plain
from adapter.decision import Decision, explained
from adapter.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.option("--skip-secrets", is_flag=True, help="Do not open secret files.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("labels", metavar="LABEL=VALUE...", nargs=-1)
def route(config: Path, labels: tuple[str, ...], *, skip_secrets: bool, as_json: bool) -> None:
    """Show which routes an alert with these labels takes, who is told how, and why."""
    settings = loading.load(config, skip_secrets=skip_secrets).settings
    decision = Decision(settings, _labels(labels))
    if as_json:
        text = msgspec.json.encode({"routes": decision.told()}).decode()
    else:
        text = plain(explained(decision))
    click.echo(redaction(text))


def _labels(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.UsageError(
                f'"{text}" is no label; expected LABEL=VALUE, as severity=critical'
            )
        if name in found:
            raise click.UsageError(f'the label "{name}" is given twice; an alert has it once')
        found[name] = value
    return found
