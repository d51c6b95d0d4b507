"""Routes: where an alert with these labels would go and why, and what matchers say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import request

from adapter.core.matchers import MatcherError, parse_with_warning
from adapter.decision import Decision, explained
from adapter.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask import Blueprint, Response

    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "what_it_is": (
        "写下一条告警的标签，看它走哪些路由、谁会收到、为什么；与命令 route 说的一样。",
        "Which routes an alert with these labels takes, who is told, and why (as `route` says).",
    ),
    "labels": ("标签，一行一个：名=值", "Labels, one a line: name=value"),
    "matchers": ("匹配条件（可选）", "Matchers (optional)"),
    "ask": ("看看", "Ask"),
    "decision": ("路由", "Routes"),
    "matching": ("匹配条件", "Matchers"),
    "no_label": ("第 {} 行不是标签，应写成 名=值", "line {} is no label; expected name=value"),
    "twice": ("第 {} 行的标签出现了两次", "the label of line {} is given twice"),
    "yes": ("匹配", "match"),
    "no": ("不匹配", "no match"),
    "condition": ("条件", "Condition"),
    "found": ("标签的值", "Value of the label"),
    "missing": ("（没有）", "(missing)"),
    "verdict": ("结果", "Verdict"),
    "mistake": ("写法有误", "Not a matcher"),
    "all_match": ("全部匹配", "All match"),
    "not_all": ("不全匹配", "Not all match"),
}

_LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Condition:
    """Say whether one matcher takes the labels, and which value it saw."""

    matcher: str
    value: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """Hold what matchers say of labels; or the mistake in them, with a mark under its place."""

    conditions: tuple[Condition, ...] = ()
    warning: str = ""
    mistake: str = ""

    @property
    def holds(self) -> bool:
        """Return whether all of them take the labels."""
        return all(condition.holds for condition in self.conditions)


def add_routes(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/routes`."""

    @blueprint.get("/routes")
    def routes() -> Response:
        text = request.args.get("labels", "")[:_LONGEST]
        matchers = request.args.get("matchers", "")[:_LONGEST].strip()
        labels, problems = read_labels(text.splitlines())
        asked = "labels" in request.args and not problems
        return shell.show(
            "routes.html",
            WORDS,
            text=text,
            matchers=matchers,
            problems=problems,
            decision=_decision(shell, labels) if asked else "",
            judgement=judge(matchers, labels) if asked and matchers else None,
        )


def read_labels(lines: Iterable[str]) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """Return the labels that lines tell, and which lines tell none, and in which word why."""
    labels: dict[str, str] = {}
    problems: list[tuple[str, int]] = []
    for number, line in enumerate(lines, 1):
        name, equals, value = line.strip().partition("=")
        if not name and not equals:
            continue
        if not name or not equals:
            problems.append(("no_label", number))
        elif name in labels:
            problems.append(("twice", number))
        else:
            labels[name] = _unquoted(value)
    return labels, problems


def _unquoted(value: str) -> str:
    """Return a value without the quotes that Alertmanager shows around it."""
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


def judge(text: str, labels: Mapping[str, str]) -> Judgement:
    """Return what matchers say of labels."""
    try:
        parsed = parse_with_warning(text)
    except MatcherError as error:
        return Judgement(mistake=f"{text}\n{' ' * error.position}^ {error}")
    conditions = (
        Condition(str(each), labels.get(each.name, ""), each.matches(labels))
        for each in parsed.matchers
    )
    return Judgement(tuple(conditions), parsed.warning)


def _decision(shell: Shell, labels: Mapping[str, str]) -> str:
    return redaction(explained(Decision(shell.backend.settings, labels)))
