"""Measure what users feel: `make bench` (`python -m benchmarks`), two minutes at most.

It starts the adapter, a DingTalk simulator and a load generator as processes of their own, prints a
table and writes `results.json`. RESULTS.md is the table of one run.
"""
