"""HTTP: webhooks in, and the endpoints of operation. Ends at "commit, then 200"."""

from adapter.web.application import create_app
from adapter.web.backend import Backend

__all__ = ["Backend", "create_app"]
