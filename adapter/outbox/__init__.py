"""The outbox: what was accepted and is not yet delivered, kept until it is.

Web ends here with a commit, delivery starts here with a claim; the two meet nowhere else.
"""

from adapter.outbox.asked import Asked
from adapter.outbox.control import Listener, Request, ask_owner, carry_out, change
from adapter.outbox.history import History, open_history
from adapter.outbox.letters import Changed
from adapter.outbox.postgresql import open_postgresql
from adapter.outbox.posts import Posted
from adapter.outbox.rows import Accepted, QueueState
from adapter.outbox.sqlite import open_existing, open_sqlite
from adapter.outbox.store import Outbox

__all__ = [
    "Accepted",
    "Asked",
    "Changed",
    "History",
    "Listener",
    "Outbox",
    "Posted",
    "QueueState",
    "Request",
    "ask_owner",
    "carry_out",
    "change",
    "open_existing",
    "open_history",
    "open_postgresql",
    "open_sqlite",
]
