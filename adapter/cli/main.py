"""All commands, and exit codes: 0 done, 1 failure, 2 usage, 3 a bug, 130 interrupt."""

from __future__ import annotations

import sys
import traceback
from typing import Final

import click

from adapter import __version__
from adapter.cli.check import check_config
from adapter.cli.demo import demo
from adapter.cli.import_ import import_
from adapter.cli.oncall import oncall
from adapter.cli.outbox import outbox
from adapter.cli.receiver import receiver
from adapter.cli.render import render
from adapter.cli.route import route
from adapter.cli.send import send
from adapter.cli.serve import serve
from adapter.cli.simulate import simulate
from adapter.errors import AdapterError
from adapter.logs import redaction

BUG: Final = 3
INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, package_name="alertmanager-dingtalk")
def commands() -> None:
    """Deliver Prometheus Alertmanager webhooks to DingTalk group robots (钉钉群机器人)."""


for command in (
    *(serve, check_config, route, render, oncall, receiver, import_),
    *(send, outbox, simulate, demo),
):
    commands.add_command(command)


def main() -> None:
    """Run a command and end the process with the code that says how it went."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    try:
        return int(commands.main(arguments, "alertmanager-dingtalk", standalone_mode=False) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except AdapterError as error:
        click.echo(redaction(str(error)), err=True)
        return error.exit_code
    except Exception:  # noqa: BLE001  # the last line: a bug is told, without secrets
        click.echo(redaction(traceback.format_exc()), err=True)
        click.echo("this is a bug; please report it with the lines above", err=True)
        return BUG
