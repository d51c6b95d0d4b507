"""import: the configuration of another adapter, as ours."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from adapter.logs import redaction
from adapter.moving.webhook_dingtalk import read_config
from adapter.moving.written import configuration

NOT_ALL: Final = 1
"""The exit code when a configuration was printed, and something is not in it."""


@click.group("import")
def import_() -> None:
    """Print the configuration of another adapter as ours."""


@import_.command("prometheus-webhook-dingtalk")
@click.argument("file", type=click.Path(path_type=Path))
def prometheus_webhook_dingtalk(file: Path) -> int:
    """Print its config.yml as ours; name what cannot be carried over, with its place.

    The exit code is 1 if there is any such thing, and 2 if there is no target to carry over.
    """
    imported = read_config(file)
    redaction.know(imported.secrets())
    click.echo(configuration(imported), nl=False)
    for problem in imported.lost:
        click.echo(redaction(str(problem)), err=True)
    return NOT_ALL if imported.lost else 0
