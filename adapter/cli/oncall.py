"""oncall: who is on call now or then, or the roster of the next days."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from adapter import loading
from adapter.cli import oncall_text
from adapter.cli.oncall_answer import answer, on_call_at
from adapter.clock import SystemClock
from adapter.config.instants import moment, zone_of
from adapter.config.problems import Mistake
from adapter.core.roster import FAR
from adapter.core.spans import Span
from adapter.core.swaps import with_swaps
from adapter.errors import StoreUnavailable
from adapter.feeds import read_schedules
from adapter.logs import redaction
from adapter.outbox import open_history

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from adapter.config.settings import StorageSettings
    from adapter.core.swaps import Swap

UNKNOWN = 1
"""The exit code when there is no schedule, or the calendar of one cannot be read."""


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.option("--at", metavar="TIME", help="Then, as 2026-12-24T09:00; not now.")
@click.option("--days", type=click.IntRange(1, 366), help="The roster of so many days from then.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--skip-secrets", is_flag=True, help="Do not open secret files.")
def oncall(
    config: Path, at: str | None, days: int | None, *, as_json: bool, skip_secrets: bool
) -> int:
    """Show who is on call, or the roster of the next days.

    A TIME without an offset is one of the root route's time zone; what is shown is told in each
    schedule's own.
    """
    settings = loading.load(config, skip_secrets=skip_secrets).settings
    zone = zone_of(loading.home_zone(settings))
    then = SystemClock().now() if at is None else _time(at, zone)
    wanted = settings.schedules.values()
    around = Span(then - FAR, then + FAR + timedelta(days=days or 0))
    read = read_schedules(wanted, settings.people, around)
    swaps, fault = _swaps(settings.storage, skip_secrets=skip_secrets)
    schedules = with_swaps(read.schedules, swaps)
    found = [
        answer(each, schedules[each.name], settings.people, then, days)
        for each in wanted
        if each.name in schedules
    ]
    whole = on_call_at(then, zone, found)
    if as_json:
        click.echo(redaction(json.dumps(msgspec.to_builtins(whole), ensure_ascii=False, indent=2)))
    elif found:
        click.echo(redaction(oncall_text.told(whole, loading.home_zone(settings))))
    for name, why in read.faults.items():
        click.echo(f"schedules.{name}: {redaction(why)}", err=True)
    if fault:
        click.echo(f"shifts that were swapped on the page are left out: {fault}", err=True)
    if not settings.schedules:
        click.echo(f"{config}: no schedule is defined; add one under `schedules`", err=True)
    return 0 if found and not read.faults else UNKNOWN


def _swaps(storage: StorageSettings, *, skip_secrets: bool) -> tuple[Sequence[Swap], str]:
    """Return what was swapped on the page, or why that is not known; nothing before `serve` ran."""
    if storage.postgresql is None and not storage.path.exists():
        return (), ""
    if storage.postgresql is not None and skip_secrets:
        return (), "with --skip-secrets PostgreSQL is not asked"
    try:
        with closing(open_history(storage.path, storage.postgresql)) as history:
            return history.swaps(), ""
    except StoreUnavailable as error:
        return (), str(error)


def _time(text: str, zone: tzinfo) -> datetime:
    try:
        return moment(text, zone)
    except Mistake as mistake:
        raise click.BadParameter(f'"{text}" {mistake.text}', param_hint="--at") from None
