"""receiver: what Alertmanager, the operators and Grafana must be configured with."""

from __future__ import annotations

from pathlib import Path

import click

from adapter import loading
from adapter.config.addresses import server_url
from adapter.config.problems import Mistake
from adapter.moving.receivers import KINDS, base_url, credentials, receivers


def _url(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else server_url(text)
    except Mistake as mistake:
        raise click.BadParameter(mistake.text) from None


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.option("--for", "kind", type=click.Choice(tuple(KINDS)), help="Print one; otherwise all.")
@click.option(
    "--url", callback=_url, help="Where senders reach the adapter, as https://adapter.example.com."
)
@click.option("--skip-secrets", is_flag=True, help="Do not open secret files.")
def receiver(config: Path, kind: str | None, url: str | None, *, skip_secrets: bool) -> None:
    """Print ready receivers for Alertmanager, the operators and Grafana, as YAML documents.

    They name the URL, one for each of `alertmanagers`, and the file that holds the credentials.
    """
    settings = loading.load(config, skip_secrets=skip_secrets).settings
    base = url or base_url(settings.server)
    kinds = KINDS if kind is None else (kind,)
    text = receivers(base, settings.sources, credentials(settings.server), kinds)
    click.echo(text, nl=False)
    if not settings.server.auth.required:
        click.echo("warning: without server.auth anyone can post here; set it first", err=True)
    if url is None:
        click.echo(f"the URL is {base}; say --url where senders reach it otherwise", err=True)
