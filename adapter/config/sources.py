"""Read `alertmanagers`: where alerts come from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from adapter.config.names import named
from adapter.config.problems import Mistake
from adapter.config.settings import SourceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.config.reader import Section, Value


def take_sources(root: Section) -> Mapping[str, SourceSettings]:
    """Return the sources by name."""
    return root.take("alertmanagers", _read_sources, {})


def _read_sources(value: Value) -> Mapping[str, SourceSettings]:
    found = named(value, "bj: {labels: {cluster: bj}}")
    return {
        name: entry.read(partial(_read_source, name=name), SourceSettings(name=name))
        for name, entry in found
    }


def _read_source(value: Value, name: str) -> SourceSettings:
    with value.section("alertmanagers.NAME", "labels: {cluster: bj}") as section:
        return SourceSettings(name=name, labels=section.take("labels", _read_labels, {}))


def _read_labels(value: Value) -> Mapping[str, str]:
    entries = value.entries("cluster: bj")
    labels = {name: entry.read(_read_label, None) for name, entry in entries}
    return {name: text for name, text in labels.items() if text is not None}


def _read_label(value: Value) -> str:
    text = value.text()
    if not text:
        raise Mistake("is empty; an empty label is none, so remove it or give it a value")
    return text
