"""Measure what users feel: `make bench` (`python -m benchmarks`), in some minutes.

It starts the adapter, a DingTalk simulator and a load generator as processes of their own, prints a
table and writes `results.json`. RESULTS.md is the table of one run.
`python -m benchmarks.soak` looks for ten minutes whether memory stays flat, and is not part of it.
"""
