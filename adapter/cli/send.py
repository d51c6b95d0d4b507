"""send: one message of any DingTalk type, signed, within the robot's rate."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapter import loading, logs
from adapter.cli import send_text
from adapter.cli.calendars import with_calendars
from adapter.clock import SharedClock
from adapter.core.delivery import Post
from adapter.core.mention_marks import silent_mentions, with_marks
from adapter.core.message import (
    ActionCard,
    ActionCardMessage,
    At,
    Button,
    FeedCard,
    FeedCardMessage,
    FeedLink,
    Link,
    LinkMessage,
    Markdown,
    MarkdownMessage,
    Message,
    Text,
    TextMessage,
)
from adapter.core.message_json import decode_message
from adapter.core.message_limits import check_message
from adapter.core.reaching import greeting, whom_a_test_rings
from adapter.core.targets import look_of
from adapter.errors import PayloadError
from adapter.logs import redaction
from adapter.sending import PATIENCE
from adapter.sending import send as send_post

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.config.settings import RobotSettings

NOT_SENT: Final = 1
"""The exit code when DingTalk, or the way to it, refused the message."""


@dataclass(frozen=True, slots=True)
class Target:
    """Hold to which robot of which configuration a message goes."""

    config: Path
    robot: str


@click.group(name="send")
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
@click.option("--robot", "robot", metavar="NAME", required=True, help="A name of robots:.")
@click.pass_context
def send(context: click.Context, config: Path, robot: str) -> None:
    """Send one message of any DingTalk type, signed, within the robot's rate.

    A text of `-` is read from standard input. Beside a running `serve` it is `serve` that sends.
    """
    context.obj = Target(config, robot)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:  # noqa: ANN401  # click's decorators
        for option in reversed(options):
            function = option(function)
        return function

    return add


_delivery = _options(
    click.option("--msg-uuid", "msg_uuid", help="Idempotency key; known, it sends nothing again."),
    click.option("--wait", "wait", is_flag=True, help="Wait until it is sent, however long."),
    click.pass_obj,
)
_mentions = _options(
    click.option("--at", "mobiles", multiple=True, metavar="MOBILE", help="Ring it; repeatable."),
    click.option("--at-user", "users", multiple=True, metavar="ID", help="Ring it; repeatable."),
    click.option("--at-all", "everybody", is_flag=True, help="Ring the whole group."),
)
_title = click.option("--title", required=True, help="What the conversation list shows.")


@send.command()
@_delivery
def test(target: Target, **options: Any) -> int:  # noqa: ANN401  # of _delivery
    """Send a test that rings whoever is on call there, and say who that is."""
    loaded, robot = _load(target)
    now = SharedClock().now()
    directory = with_calendars(loaded, now).equipment.directory
    found = whom_a_test_rings(loaded.settings.route, robot.name, robot.defaults, directory, now)
    click.echo(send_text.rings(found))
    language = look_of(robot.defaults).language
    return _deliver(loaded, robot, greeting(robot.name, found, language), options)


@send.command()
@click.argument("content")
@_mentions
@_delivery
def text(target: Target, content: str, **options: Any) -> int:  # noqa: ANN401  # of the two above
    """Send plain text."""
    return _send(target, TextMessage(Text(_read(content)), _at(options)), options)


@send.command()
@_title
@click.option("--text", "words", required=True)
@click.option("--url", required=True, help="Where it leads.")
@click.option("--picture", metavar="URL", help="A URL that phones reach.")
@_delivery
def link(  # an option each
    target: Target,
    title: str,
    words: str,
    url: str,
    picture: str | None,
    **options: Any,  # noqa: ANN401  # of _delivery
) -> int:
    """Send a link with a picture."""
    return _send(target, LinkMessage(Link(title, _read(words), url, picture)), options)


@send.command()
@_title
@click.argument("content", metavar="MARKDOWN")
@_mentions
@_delivery
def markdown(target: Target, title: str, content: str, **options: Any) -> int:  # noqa: ANN401  # of the two above
    """Send markdown; what is needed to ring somebody is added at its end."""
    return _send(target, MarkdownMessage(Markdown(title, _read(content)), _at(options)), options)


@send.command("action-card")
@_title
@click.argument("content", metavar="MARKDOWN")
@click.option(
    "--button",
    "buttons",
    type=(str, str),
    multiple=True,
    required=True,
    metavar="TITLE URL",
    help="One: the whole card leads there. Two to five: each by itself.",
)
@click.option("--horizontal", is_flag=True, help="Two buttons beside each other.")
@click.option("--hide-avatar", "hide_avatar", is_flag=True, help="Hide the robot's picture.")
@_mentions
@_delivery
def action_card(  # noqa: PLR0913  # an option each
    target: Target,
    title: str,
    content: str,
    buttons: tuple[tuple[str, str], ...],
    *,
    horizontal: bool,
    hide_avatar: bool,
    **options: Any,  # noqa: ANN401  # of the two above
) -> int:
    """Send markdown with buttons."""
    single = buttons[0] if len(buttons) == 1 else (None, None)
    card = ActionCard(
        title,
        _read(content),
        single_title=single[0],
        single_url=single[1],
        btns=None if len(buttons) == 1 else tuple(Button(*button) for button in buttons),
        btn_orientation="1" if horizontal else None,
        hide_avatar="1" if hide_avatar else None,
    )
    return _send(target, ActionCardMessage(card, _at(options)), options)


@send.command("feed-card")
@click.option(
    "--link",
    "links",
    type=(str, str, str),
    multiple=True,
    required=True,
    metavar="TITLE URL PICTURE",
    help="One line; repeatable.",
)
@_delivery
def feed_card(target: Target, links: tuple[tuple[str, str, str], ...], **options: Any) -> int:  # noqa: ANN401  # of _delivery
    """Send several links with pictures."""
    lines = tuple(FeedLink(*line) for line in links)
    return _send(target, FeedCardMessage(FeedCard(lines)), options)


@send.command()
@click.argument("file", type=click.File("rb"))
@_delivery
def raw(target: Target, file: Any, **options: Any) -> int:  # noqa: ANN401  # click's file; of _delivery
    """Send one message as DingTalk's JSON, from FILE or `-`, exactly as it is."""
    try:
        message, message_uuid = decode_message(file.read())
    except PayloadError as error:
        raise click.UsageError(str(error)) from None
    given = options["msg_uuid"] or message_uuid
    return _send(target, message, {**options, "msg_uuid": given}, as_is=True)


def _read(content: str) -> str:
    return sys.stdin.read() if content == "-" else content


def _at(options: dict[str, Any]) -> At | None:
    """Return whom to ring; beside everybody no single number is named."""
    mobiles, users = options["mobiles"], options["users"]
    if options["everybody"]:
        return At(is_at_all=True)
    return At(at_mobiles=mobiles, at_user_ids=users, is_at_all=False) if mobiles or users else None


def _load(target: Target) -> tuple[loading.Loaded, RobotSettings]:
    loaded = loading.load(target.config)
    logs.configure("console", "error")
    robot = loaded.settings.robots.get(target.robot)
    if robot is None:
        known = ", ".join(loaded.settings.robots)
        raise click.UsageError(f"--robot {target.robot}: there is no such robot; robots: {known}")
    return loaded, robot


def _send(target: Target, message: Message, options: dict[str, Any], *, as_is: bool = False) -> int:
    loaded, robot = _load(target)
    return _deliver(loaded, robot, message if as_is else with_marks(message), options)


def _deliver(
    loaded: loading.Loaded, robot: RobotSettings, message: Message, options: dict[str, Any]
) -> int:
    message_uuid = options["msg_uuid"] or str(uuid.uuid4())
    try:
        check_message(message, message_uuid, robot.keyword)
    except PayloadError as error:
        raise click.UsageError(str(error)) from None
    for warning in silent_mentions(message):
        click.echo(f"warning: {warning}", err=True)
    result = send_post(
        Post(robot=robot.name, message=message, msg_uuid=message_uuid),
        robot=robot,
        storage=loaded.settings.storage,
        equipment=loaded.equipment,
        clock=SharedClock(),
        patience=None if options["wait"] else PATIENCE,
    )
    told, done = send_text.result(result)
    click.echo(redaction(told), err=not done)
    return 0 if done else NOT_SENT
