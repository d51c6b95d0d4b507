"""Serve a WSGI application with gunicorn: one worker whose threads get whole requests only."""

from adapter.serving.application import CannotListen, serve
from adapter.serving.service import Service, ServingOptions

__all__ = ["CannotListen", "Service", "ServingOptions", "serve"]
