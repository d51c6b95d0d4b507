"""The metrics, by the names that dashboards and alert rules use.

Counters are this process's own; gauges of the queue come from the store.
"""

from adapter.metrics.counters import CONTENT_TYPE, Metrics

__all__ = ["CONTENT_TYPE", "Metrics"]
