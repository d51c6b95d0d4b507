"""What no adapter of this kind can undercut: `python -m benchmarks.floor PORT`.

A Flask view under the adapter's own serving reads the body and answers sixty bytes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from adapter.cli.serve import TOGETHER
from adapter.serving import ServingOptions, serve

if TYPE_CHECKING:
    from ssl import SSLContext
    from wsgiref.types import WSGIApplication


class Floor:
    """A service that does nothing else."""

    def __init__(self) -> None:
        app = Flask("floor", static_folder=None)

        @app.post("/alertmanager")
        def read() -> Response:
            request.get_data()
            return Response(b"." * 60, content_type="application/json")

        @app.get("/-/ready")
        def ready() -> Response:
            return Response(b"ready")

        self.wsgi: WSGIApplication = app
        self.tls: SSLContext | None = None

    def start(self) -> None:
        """Start nothing."""

    def drain(self) -> None:
        """Be ready to the end."""

    def stop(self) -> None:
        """Stop nothing."""

    def reload(self) -> None:
        """Load nothing."""

    def beyond_repair(self) -> bool:
        """Return that it is not."""
        return False

    def alive(self) -> bool:
        """Return that it lives."""
        return True


if __name__ == "__main__":
    options = ServingOptions(host="127.0.0.1", port=int(sys.argv[1]), together=TOGETHER)
    sys.exit(serve(Floor, options))
