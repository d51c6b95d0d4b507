"""Feeds: calendars of others that tell who is on call, from a file or a URL."""

from adapter.feeds.coverage import coverage_warnings
from adapter.feeds.feeds import Feeds
from adapter.feeds.once import read_schedules

__all__ = ["Feeds", "coverage_warnings", "read_schedules"]
