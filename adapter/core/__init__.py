"""Decisions and nothing else: no clock, no file, no socket, no database; `now` is an argument."""
