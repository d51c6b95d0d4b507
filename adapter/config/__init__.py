"""Read a configuration: YAML that remembers file, line and column, and every complaint at once."""

from adapter.config.load import load
from adapter.config.settings import Settings

__all__ = ["Settings", "load"]
