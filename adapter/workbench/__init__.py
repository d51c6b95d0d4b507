"""The workbench: a template that somebody is writing is tried in a process of its own.

The sandbox counts a template's steps, but one step may cost much, and nothing in this process could
end it. There, time and memory have hard limits.
"""

from adapter.workbench.bench import Workbench

__all__ = ["Workbench"]
