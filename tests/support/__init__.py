"""Harness of real processes: they are awaited on the real clock, always with a deadline."""
