"""render: the messages that a webhook would become."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter import loading, logs
from adapter.cli.calendars import with_calendars
from adapter.clock import SystemClock
from adapter.core.heartbeats import sift
from adapter.core.webhook import decode_webhook, with_source
from adapter.preview import preview
from adapter.web import DEFAULT_SOURCE, Routing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.delivery import Delivery


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.option("--skip-secrets", is_flag=True, help="Do not open secret files.")
@click.option("--robot", help="As a webhook straight to this robot.")
@click.option("--source", help="As a webhook with ?source= this entry of alertmanagers.")
@click.option("--json", is_flag=True, help="Print JSON lines, which is what is always printed.")
@click.argument("payload", metavar="PAYLOAD.json", type=click.File("rb"))
def render(  # noqa: PLR0913  # an option each
    config: Path,
    payload: BinaryIO,
    *,
    skip_secrets: bool,
    robot: str | None,
    source: str | None,
    json: bool,
) -> None:
    """Print the exact request bodies that a webhook would produce, one a line; send nothing.

    PAYLOAD.json is a webhook of Alertmanager or Grafana; - reads standard input.
    """
    del json
    logs.configure("console", "warning")
    loaded = loading.load(config, skip_secrets=skip_secrets)
    settings = loaded.settings
    _require(robot, settings.robots, "robot")
    _require(source, settings.sources, "source")
    now = SystemClock().now()
    group = _from(decode_webhook(payload.read()), source, settings)
    rest, _ = sift(group, settings.heartbeats)
    if observed := len(group.alerts) - len(rest.alerts):
        click.echo(f"heartbeats: {observed} alert(s) are observed, not delivered", err=True)
    deliveries = Routing(settings).deliveries(rest, robot, now)
    _tell_deferred(deliveries)
    for body in preview(with_calendars(loaded, now), deliveries, now):
        click.echo(body)


def _require(name: str | None, known: Iterable[str], what: str) -> None:
    if name is not None and name not in known:
        listed = ", ".join(known) or "none are configured"
        raise click.UsageError(f'no {what} "{name}"; expected one of: {listed}')


def _from(group: AlertGroup, source: str | None, settings: Settings) -> AlertGroup:
    found = settings.sources.get(source or DEFAULT_SOURCE)
    return group if found is None else with_source(group, found.name, found.labels)


def _tell_deferred(deliveries: Iterable[Delivery]) -> None:
    for delivery in deliveries:
        if delivery.deferred_until is not None:
            until = delivery.deferred_until.astimezone().isoformat(timespec="seconds")
            click.echo(f"{delivery.robot}: deferred until {until}, told then in a digest", err=True)
