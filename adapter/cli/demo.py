"""demo: simulator, adapter and sample alerts, all on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import requests

from adapter.cli.demo_samples import samples
from adapter.cli.simulate import parsed
from adapter.clock import SystemClock
from adapter.config.addresses import Address, listen_address
from adapter.errors import AdapterError
from adapter.simulator import DEMO_ROBOT, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

READY_WITHIN: Final = 30.0
"""Seconds the adapter has to become ready on a slow machine."""

_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end all of it; what two of them do by default would leave the adapter behind."""

_POLL: Final = timedelta(seconds=0.1)

_CONFIG: Final = """\
server:
  listen: {listen}
storage:
  url: sqlite:///adapter.db
log:
  format: console
  level: warning
robots:
  ops:
    access_token: {token}
    secret: {secret}
    api_url: {simulator}
route:
  robots: [ops]
"""


@click.command()
@click.option(
    "--listen", default="127.0.0.1:8060", show_default=True, callback=parsed(listen_address)
)
@click.option(
    "--simulator", default="127.0.0.1:8061", show_default=True, callback=parsed(listen_address)
)
def demo(listen: Address, simulator: Address) -> None:
    """Show real alerts in a simulated DingTalk group; Ctrl-C ends all of it."""
    for ending in _ENDINGS:
        signal.signal(ending, _end)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dingtalk-demo-")))
        group = stack.enter_context(running(host=simulator.host, port=simulator.port))
        config = folder / "config.yml"
        config.write_text(_config(listen, group.url), encoding="utf-8")
        environment = _without_proxy(listen.host, simulator.host)
        adapter = stack.enter_context(_adapter(config, environment))
        session = stack.enter_context(requests.Session())
        session.trust_env = False  # nor does the demo itself ask a proxy
        url = f"http://{listen.host}:{listen.port}"
        _wait_until_ready(adapter, session, url)
        _post_samples(session, url)
        click.echo(f"\nDingTalk group:  {group.url}/   ← open this")
        click.echo(f"adapter's page:  {url}/")
        click.echo(f"adapter:         {url}/alertmanager   (POST), {url}/metrics")
        click.echo("Ctrl-C ends both.")
        _wait_for_end(adapter)


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C, and once: `make` passes on what the terminal has sent already."""
    for ending in _ENDINGS:
        signal.signal(ending, _go_on)
    raise KeyboardInterrupt


def _go_on(_number: int, _frame: FrameType | None) -> None:
    """Go on ending; a signal that is ignored is complained of where it came just before."""


def _config(listen: Address, simulator: str) -> str:
    secret = DEMO_ROBOT.secret
    return _CONFIG.format(
        listen=f"{listen.host}:{listen.port}",
        token=DEMO_ROBOT.access_token.reveal(),
        secret="" if secret is None else secret.reveal(),
        simulator=simulator,
    )


def _without_proxy(*hosts: str) -> dict[str, str]:
    """Return the environment of the adapter: of these hosts no proxy knows anything."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    exempt = ",".join(filter(None, (given, *hosts)))
    return {**os.environ, "no_proxy": exempt, "NO_PROXY": exempt}


@contextmanager
def _adapter(config: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the adapter as it would run anywhere, as a process of its own."""
    command = [sys.executable, "-m", "adapter", "serve", "--config", str(config)]
    process = subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(READY_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(
    adapter: subprocess.Popen[bytes], session: requests.Session, url: str
) -> None:
    clock, never = SystemClock(), threading.Event()
    deadline = clock.monotonic() + READY_WITHIN
    while not _is_ready(session, url):
        if adapter.poll() is not None:
            raise AdapterError(
                f"the adapter ended with code {adapter.returncode}; the lines above say why "
                "(is the port taken? choose another with --listen)"
            )
        if clock.monotonic() > deadline:
            raise AdapterError(f"the adapter was not ready within {READY_WITHIN:g} s")
        clock.wait(never, _POLL)


def _is_ready(session: requests.Session, url: str) -> bool:
    try:
        return session.get(f"{url}/-/ready", timeout=1).ok
    except requests.RequestException:
        return False


def _post_samples(session: requests.Session, url: str) -> None:
    for name, body in samples(SystemClock().now()):
        answer = session.post(f"{url}/alertmanager", data=body, timeout=10)
        click.echo(f"posted {name}: {answer.text.strip()}")


def _wait_for_end(adapter: subprocess.Popen[bytes]) -> None:
    clock, never = SystemClock(), threading.Event()
    while adapter.poll() is None:
        clock.wait(never, _POLL)
    raise AdapterError(f"the adapter ended by itself with code {adapter.returncode}")
