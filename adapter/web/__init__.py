"""HTTP: webhooks in, and the endpoints of operation. Ends at "commit, then 200"."""

from adapter.web.application import create_app
from adapter.web.backend import Backend
from adapter.web.receiver import DEFAULT_SOURCE
from adapter.web.webhook_routing import Routing

__all__ = ["DEFAULT_SOURCE", "Backend", "Routing", "create_app"]
