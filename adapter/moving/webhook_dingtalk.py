"""Read the configuration of prometheus-webhook-dingtalk, and what of it cannot be carried over.

Its keys: `targets` (each with `url`, `secret`, `mention`, `message`), `templates` or `template`,
`default_message`, `no_builtin_template` and `timeout`. A `${NAME}` that some other program fills
there is left as it is, and filled by ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.document import read_document
from adapter.config.names import wrong_name
from adapter.config.people import mobile
from adapter.config.problems import Mistake, Noted, Problems
from adapter.config.reader import Reading
from adapter.config.secret_values import token
from adapter.config.webhook_url import webhook
from adapter.config.yaml_nodes import ScalarNode, SequenceNode
from adapter.moving.go_syntax import NOT_CARRIED, duration, note_templates, template_of
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import timedelta
    from pathlib import Path

    from adapter.config.reader import Value
    from adapter.errors import Problem

_KEYS: Final = (
    "targets",
    "default_message",
    "no_builtin_template",
    "template",
    "templates",
    "timeout",
)
_BUNDLED: Final = {"title": "ding.link.title", "text": "ding.link.content"}
"""Its own templates, in whose place our `default` stands."""

_TRUE: Final = ("true", "yes", "on", "y")
"""What its YAML takes for true, in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Hold one robot; `webhook` is the whole URL, `mention` whom it rings, in our words."""

    name: str
    webhook: Secret
    secret: Secret | None = None
    mention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Hold what can be carried over, and each thing that cannot, with its place."""

    targets: tuple[Target, ...]
    timeout: timedelta | None
    lost: tuple[Problem, ...]

    def secrets(self) -> Iterator[Secret]:
        """Return what must not be shown."""
        for target in self.targets:
            yield from (target.webhook, webhook(target.webhook.reveal()).access_token)
            if target.secret is not None:
                yield target.secret


def read_config(path: Path) -> Imported:
    """Read a configuration, or raise ConfigError if no target of it can be used."""
    problems = Problems()
    reading = Reading({}, skip_secrets=False, problems=problems)
    try:
        root = read_document(path.absolute(), str(path), reading).value
    except Noted:
        return problems.checked(None)
    targets, timeout = root.read(_read_root, ((), None))
    if not targets:
        root.problem("no target can be used; expected `targets`, each with the url of its robot")
        return problems.checked(None)
    return Imported(targets=targets, timeout=timeout, lost=problems.sorted())


def _read_root(value: Value) -> tuple[tuple[Target, ...], timedelta | None]:
    given = _section(value, _KEYS)
    for key in ("template", "templates"):
        if key in given:
            given[key].read(_read_files, None)
    if "default_message" in given:
        given["default_message"].read(_read_message, None)
    targets = given.get("targets")
    entries = () if targets is None else targets.read(_read_entries, ())
    read = [each.read(partial(_read_target, name=name), None) for name, each in entries]
    timeout = given["timeout"].read(_read_timeout, None) if "timeout" in given else None
    return tuple(target for target in read if target is not None), timeout


def _read_entries(value: Value) -> tuple[tuple[str, Value], ...]:
    return value.entries("ops: {url: …}")


def _read_target(value: Value, name: str) -> Target:
    given = _section(value, ("url", "secret", "mention", "message"))
    if "message" in given:
        given["message"].read(_read_message, None)
    mention = given["mention"].read(_read_mention, ()) if "mention" in given else ()
    secret = given["secret"].read(_read_secret, None) if "secret" in given else None
    if wrong := wrong_name(name):
        raise Mistake(f"this target is left out: {wrong}")
    if "url" not in given:
        raise Mistake("this target is left out: it has no url")
    return Target(name=name, webhook=_read_url(given["url"]), secret=secret, mention=mention)


def _read_url(value: Value) -> Secret:
    try:
        text = _text(value)
        webhook(text)
    except Mistake as mistake:
        value.problem(f"{mistake.text}; without it this target is left out")
        raise Noted from None
    return Secret(text)


def _read_secret(value: Value) -> Secret | None:
    try:
        return token(_text(value)) if _text(value) else None
    except Mistake as mistake:
        raise Mistake(f"{mistake.text}; without it nothing is signed") from None


def _read_mention(value: Value) -> tuple[str, ...]:
    given = _section(value, ("all", "mobiles"))
    if "all" in given and given["all"].read(_text, "").lower() in _TRUE:
        return ("all",)
    if "mobiles" not in given:
        return ()
    items = given["mobiles"].read(lambda found: found.items('["138…"]'), ())
    numbers = [item.read(lambda found: mobile(_text(found)), None) for item in items]
    return tuple(dict.fromkeys(f"mobile:{number}" for number in numbers if number))


def _read_message(value: Value) -> None:
    for key, each in _section(value, _BUNDLED).items():
        name = template_of(each.read(_text, ""))
        if name != _BUNDLED[key]:
            each.problem(NOT_CARRIED.format(f'the Go template "{name}"' if name else "this text"))


def _read_files(value: Value) -> None:
    several = isinstance(value.node, SequenceNode)
    for item in value.items("[FILE]") if several else (value,):
        item.read(lambda each: note_templates(each, _text(each)), None)


def _read_timeout(value: Value) -> timedelta:
    try:
        return duration(_text(value))
    except Mistake as mistake:
        raise Mistake(f"{mistake.text}; without it 5s is used") from None


def _section(value: Value, known: Collection[str]) -> Mapping[str, Value]:
    """Return the known keys of a mapping; others are named."""
    given = dict(value.entries(f"{next(iter(known))}: …"))
    for key in given.keys() - set(known):
        given.pop(key).key_problem("prometheus-webhook-dingtalk knows no such key; it is left out")
    return given


def _text(value: Value) -> str:
    """Return a text as it stands, variables unfilled."""
    if not isinstance(value.node, ScalarNode):
        raise Mistake(f"expected text, found {value.kind()}")
    return value.node.text
