"""check-config: every problem at once."""

from __future__ import annotations

from pathlib import Path

import click

from adapter import loading
from adapter.clock import SystemClock
from adapter.feeds import coverage_warnings

CONFIG_FILE = click.Path(path_type=Path)


@click.command("check-config")
@click.argument("file", type=CONFIG_FILE)
@click.option("--skip-secrets", is_flag=True, help="Do not open secret files.")
def check_config(file: Path, *, skip_secrets: bool) -> None:
    """Check a configuration and its templates; print every problem, one a line."""
    loaded = loading.load(file, skip_secrets=skip_secrets)
    uncovered = coverage_warnings(loaded.settings, SystemClock().now())
    for warning in sorted((*loaded.settings.warnings, *uncovered)):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{file}: {loading.summary(loaded)}")
