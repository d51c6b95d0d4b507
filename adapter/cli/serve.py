"""serve: receive and deliver."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from adapter import app, loading, logs
from adapter.serving import ServingOptions
from adapter.serving import serve as serve_until_stopped

TOGETHER: Final = (b"POST /alertmanager", b"PUT /alertmanager", b"POST /dingtalk/")
"""How the requests begin that wait for a commit: webhooks."""


@click.command()
@click.option("--config", "config", type=click.Path(path_type=Path), required=True)
def serve(config: Path) -> int:
    """Receive Alertmanager's webhooks and deliver them until stopped.

    SIGTERM finishes what is in flight and exits 0. SIGHUP reads the configuration
    anew; a changed file does so too, unless server.watch is false.
    """
    loaded = loading.load(config)
    logs.configure(loaded.settings.log.format, loaded.settings.log.level)
    server = loaded.settings.server
    return serve_until_stopped(
        lambda: app.Service(config, loaded),
        ServingOptions(
            host=server.host,
            port=server.port,
            threads=server.threads,
            max_body=server.max_body,
            together=TOGETHER,
        ),
    )
