"""outbox: what waits, what was sent in which message, what died and why; try again."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
import msgspec

from adapter import loading
from adapter.cli import outbox_text
from adapter.clock import SystemClock
from adapter.logs import redaction
from adapter.outbox import Request, change, open_history

if TYPE_CHECKING:
    from adapter.config.settings import Settings
    from adapter.outbox import History

UNKNOWN: Final = 1
"""The exit code when an id names nothing, or what was asked cannot be done."""


@click.group()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.pass_context
def outbox(context: click.Context, config: Path) -> None:
    """Look into the queue; try dead letters again, or give up what waits.

    An alert is named DELIVERY.INDEX as `list` shows it; DELIVERY alone means all of its alerts.
    A message that was asked for by `send` or over HTTP is named mID.
    """
    context.obj = loading.load(config).settings


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _history(settings: Settings) -> closing[History]:
    storage = settings.storage
    return closing(open_history(storage.path, storage.postgresql))


@outbox.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@_as_json
@click.pass_obj
def list_(settings: Settings, limit: int, *, as_json: bool) -> None:
    """Show which robots cannot send, what waits or died, refused webhooks, newest messages."""
    with _history(settings) as history:
        found = history.overview(limit)
        found = msgspec.structs.replace(found, ill=history.ill(settings.tokens))
    _print(found, outbox_text.overview(found), as_json=as_json)


@outbox.command()
@click.argument("name", metavar="ID")
@_as_json
@click.pass_obj
def show(settings: Settings, name: str, *, as_json: bool) -> int:
    """Show a delivery, one alert of it, a message, or one that was asked for (mID, msgUuid).

    refused:N is a webhook that was answered 400 or 413, as it came.
    """
    with _history(settings) as history:
        found = history.show(name)
    if found is None:
        _complain(f"{name}: names no delivery, alert, message or refused webhook that is kept")
        return UNKNOWN
    _print(found, outbox_text.shown(found), as_json=as_json)
    return 0


@outbox.command()
@click.argument("fingerprint")
@_as_json
@click.pass_obj
def trace(settings: Settings, fingerprint: str, *, as_json: bool) -> int:
    """Show what became of an alert: when received, in which message, or why not.

    The id of a delivery or of a message, as `list` and the log name them, serves as well.
    """
    with _history(settings) as history:
        named = history.show(fingerprint)
        found = history.trace(fingerprint)
    if named is not None and not found.lives:
        _print(named, outbox_text.shown(named), as_json=as_json)
        return 0
    if not found.lives:
        among = "among the newest deliveries" if found.cut else "in the outbox"
        _complain(f"{fingerprint}: no alert {among} has this fingerprint")
        return UNKNOWN
    _print(found, outbox_text.traced(found), as_json=as_json)
    return 0


@outbox.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def retry(settings: Settings, ids: tuple[str, ...]) -> int:
    """Let dead letters wait again; each is told as soon as the rate allows."""
    return _change(settings, "retry", ids, done="waits again")


@outbox.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def discard(settings: Settings, ids: tuple[str, ...]) -> int:
    """Give up dead letters, or alerts that wait; nobody will be told of them."""
    return _change(settings, "discard", ids, done="discarded")


def _change(
    settings: Settings, command: Literal["retry", "discard"], ids: tuple[str, ...], done: str
) -> int:
    now = SystemClock().now()
    storage = settings.storage
    changed = change(storage.path, storage.postgresql, Request(command, ids), now)
    for name in changed.done:
        click.echo(f"{name}: {done}")
    for problem in changed.problems:
        _complain(problem)
    return UNKNOWN if changed.problems else 0


def _print(value: msgspec.Struct, text: str, *, as_json: bool) -> None:
    if as_json:
        fields = msgspec.to_builtins(value, builtin_types=[datetime])
        text = json.dumps(fields, ensure_ascii=False, indent=2, default=outbox_text.local)
    click.echo(outbox_text.plain(redaction(text)))


def _complain(text: str) -> None:
    click.echo(outbox_text.plain(redaction(text)), err=True)
