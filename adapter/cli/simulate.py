"""simulate: a local DingTalk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adapter.config.addresses import Address, listen_address
from adapter.config.scalars import duration
from adapter.simulator import DEMO_ROBOT, Rate, Robot, SimulatorSettings, parse_robot, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that reads an option as the configuration reads such a value."""

    def convert(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401  # click's own signature
        try:
            return tuple(map(parse, value)) if isinstance(value, tuple) else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


@click.command()
@click.option(
    "--listen", default="127.0.0.1:8061", show_default=True, callback=parsed(listen_address)
)
@click.option(
    "--robot",
    "robots",
    multiple=True,
    metavar="NAME:TOKEN[:SECRET[:KEYWORD]]",
    callback=parsed(parse_robot),
    help="A robot of the group; may be repeated. Without one, a robot is made up and told.",
)
@click.option("--messages", default=20, show_default=True, help="Messages a robot may send …")
@click.option(
    "--per", default="1m", show_default=True, callback=parsed(duration), help="… in this time."
)
def simulate(listen: Address, robots: tuple[Robot, ...], messages: int, per: timedelta) -> None:
    """Serve a local DingTalk: POST /robot/send, and a page that shows the group chat."""
    settings = SimulatorSettings(
        robots=robots or (DEMO_ROBOT,), rate=Rate(messages=messages, per=per)
    )
    run(listen.host, listen.port, settings, announce=click.echo)
