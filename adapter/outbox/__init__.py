"""The outbox: what was accepted and is not yet delivered, kept until it is.

Web ends here with a commit, delivery starts here with a claim; the two meet nowhere else.
"""

from adapter.outbox.control import Listener, Request, carry_out, change
from adapter.outbox.history import History, open_history
from adapter.outbox.letters import Changed
from adapter.outbox.postgresql import open_postgresql
from adapter.outbox.rows import Accepted, QueueState
from adapter.outbox.sqlite import open_sqlite
from adapter.outbox.store import Outbox

__all__ = [
    "Accepted",
    "Changed",
    "History",
    "Listener",
    "Outbox",
    "QueueState",
    "Request",
    "carry_out",
    "change",
    "open_history",
    "open_postgresql",
    "open_sqlite",
]
