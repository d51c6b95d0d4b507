"""Read `alertmanagers`: where alerts come from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.addresses import http_url, server_url
from adapter.config.auth import take_basic
from adapter.config.names import named
from adapter.config.problems import Mistake
from adapter.config.secret_values import take_secret, token
from adapter.config.settings import BasicAuth, SourceSettings
from adapter.core.rewriting import LinkRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.config.reader import Section, Value

_REWRITE: Final = '"http://prometheus-k8s-0:9090": https://prometheus.example.com'


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
        section.only_one("basic", "bearer_token", "bearer_token_file")
        return SourceSettings(
            name=name,
            labels=section.take("labels", _read_labels, {}),
            url=section.hidden("url", server_url, ""),
            links=LinkRules(section.take("rewrite_links", _read_rewrites, {})),
            basic=section.take("basic", _read_basic, None),
            bearer_token=take_secret(section, "bearer_token", token),
        )


def _read_basic(value: Value) -> BasicAuth | None:
    with value.section("alertmanagers.NAME.basic", "username: adapter") as section:
        return take_basic(section)


def _read_labels(value: Value) -> Mapping[str, str]:
    entries = value.entries("cluster: bj")
    labels = {name: entry.read(_read_label, None) for name, entry in entries}
    return {name: text for name, text in labels.items() if text is not None}


def _read_rewrites(value: Value) -> Mapping[str, str]:
    """Return the beginnings of addresses; one that stays as it is is left out."""
    found = value.entries(_REWRITE)
    for start, entry in found:
        try:
            http_url(start)
        except Mistake as mistake:
            entry.key_problem(f"cannot be rewritten: {mistake.text}")
    return {start: to for start, entry in found if (to := entry.read(_read_rewrite, ""))}


def _read_rewrite(value: Value) -> str:
    return server_url(value.text())


def _read_label(value: Value) -> str:
    text = value.text()
    if not text:
        raise Mistake("is empty; an empty label is none, so remove it or give it a value")
    return text
