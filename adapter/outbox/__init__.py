"""The outbox: what was accepted and is not yet delivered, kept until it is.

Web ends here with a commit, delivery starts here with a claim; the two meet nowhere else.
"""

from adapter.outbox.postgresql import open_postgresql
from adapter.outbox.rows import Accepted, QueueState
from adapter.outbox.sqlite import open_sqlite
from adapter.outbox.store import Outbox

__all__ = ["Accepted", "Outbox", "QueueState", "open_postgresql", "open_sqlite"]
