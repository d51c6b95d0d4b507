"""amtool is the oracle: the same trees, matchers and labels reach the same receivers.

Its version on Debian (0.25) has the classic parser only, which is also what counts in fallback mode
whenever it understands the text. Default: a sample; VERIFY=1: the full count.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from adapter.core.alerts import Alert, AlertGroup
from adapter.core.matchers import Matcher, MatcherError, Operator, parse_matchers
from adapter.core.routes import Route, RouteSettings, match
from adapter.core.routing import route_group
from support.processes import need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.real

FULL = bool(os.environ.get("VERIFY"))
TREES, MATCHERS, BAD_MATCHERS = (1_500, 3_000, 300) if FULL else (60, 600, 15)
SEED = 20261123


def receivers_of(config: object, labels: Mapping[str, str], file: Path) -> list[str] | None:
    """Return the receivers amtool names for an alert; None where it refuses the configuration."""
    file.write_text(json.dumps(config), encoding="utf-8")
    arguments = [str(Matcher(name, Operator.EQUAL, value)) for name, value in labels.items()]
    done = subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={file}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip().split(",") if done.returncode == 0 else None


class Trees:
    """Make random trees, as our routes and as Alertmanager's configuration at once."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.receivers = ["root"]

    def labels(self) -> dict[str, str]:
        names = self._chance.sample(["team", "severity", "job"], self._chance.randint(1, 3))
        return {name: self._chance.choice(["a", "b", "ab", "a.b"]) for name in names}

    def matcher(self) -> Matcher:
        name = self._chance.choice(["team", "severity", "job"])
        operator = self._chance.choice(list(Operator))
        is_regex = operator in {Operator.REGEX, Operator.NOT_REGEX}
        plain, regex = ["a", "b", "ab", ""], ["a|b", "a.*", ".*b", "a?", "[ab]+", "", "a\\.b"]
        return Matcher(name, operator, self._chance.choice(regex if is_regex else plain))

    def route(self, depth: int = 0) -> tuple[Route, dict[str, object]]:
        """Return one node with what is below it, in both forms."""
        width = 0 if depth == 3 else self._chance.randint(0 if depth else 3, 4)
        below = [self.route(depth + 1) for _ in range(width)]
        matchers = [self.matcher() for _ in range(self._chance.randint(1, 2) if depth else 0)]
        continues = depth > 0 and self._chance.random() < 0.6
        receiver = self._receiver() if depth else "root"
        ours = Route(
            settings=RouteSettings(robots=(receiver,) if receiver else None),
            matchers=tuple(matchers),
            continues=continues,
            routes=tuple(route for route, _ in below),
        )
        theirs: dict[str, object] = {"routes": [config for _, config in below]}
        theirs |= {"receiver": receiver} if receiver else {}
        theirs |= {"matchers": [str(matcher) for matcher in matchers]} if depth else {}
        theirs |= {"continue": True} if continues else {}
        return ours, theirs

    def _receiver(self) -> str | None:
        """Return a new name, or an old one that several routes share, or none: the parent's."""
        if self._chance.random() < 0.3:
            return None
        if self._chance.random() < 0.3:
            return self._chance.choice(self.receivers)
        self.receivers.append(f"r{len(self.receivers)}")
        return self.receivers[-1]


def generated_trees() -> Iterator[tuple[Route, dict[str, object], dict[str, str]]]:
    chance = random.Random(SEED)  # noqa: S311  # reproducible on purpose
    for _ in range(TREES):
        trees = Trees(chance)
        ours, theirs = trees.route()
        config: dict[str, object] = {
            "route": theirs,
            "receivers": [{"name": name} for name in trees.receivers],
        }
        yield ours, config, trees.labels()


def test_generated_trees_route_as_alertmanager_routes(tmp_path: Path) -> None:
    need("amtool")
    split = 0
    for root, config, labels in generated_trees():
        expected = receivers_of(config, labels, tmp_path / "alertmanager.yml")
        found = [robot for taken in match(root, labels) for robot in taken.robots(labels, ())]
        assert found == expected, (config, labels)
        group = AlertGroup(alerts=(Alert(labels=labels),))
        deliveries = route_group(root, group, dict.fromkeys(found, RouteSettings()))
        assert [delivery.robot for delivery in deliveries] == list(dict.fromkeys(found))
        split += len(found) > 1
    assert split > TREES / 10  # the sample reaches `continue`


PIECES = ["a", "b", "中", "1", ".", ".*", "[ab]", "(a|b)", "(?i)A", "|", "\\", "\\\\", "\\n", '\\"']
ODD_PIECES = [*PIECES, '"', ",", "{", "}", " ", "=", "~", "'", "\t", "\\,", "(", "[", "*", "\\d"]
VALUES = ["", "a", "b", "ab", "A", "中", "1", "a\nb", 'a"b', "a\\b", "a,b", "=a", "{a}"]


def generated_text(chance: random.Random) -> str:
    value = "".join(chance.choices(ODD_PIECES, k=chance.randint(0, 5)))
    quoted = f'"{value}"' if chance.random() < 0.6 else value
    text = f"foo{chance.choice(['', ' '])}{chance.choice(list(Operator))}{quoted}"
    return chance.choice([text, f"{{{text}}}", f"{text},", f"{text}, bar=x", f"{{{text}"])


def texts(count: int, *, good: bool) -> Iterator[str]:
    """Yield texts that we take for matchers, or that we do not."""
    chance = random.Random(SEED)  # noqa: S311  # same
    while count:
        text = generated_text(chance)
        try:
            parse_matchers(text)
        except MatcherError:
            is_good = False
        else:
            is_good = True
        if is_good is good:
            count -= 1
            yield text


def config_of(*listed: str) -> dict[str, object]:
    routes = [
        {"receiver": f"r{number}", "matchers": [text], "continue": True}
        for number, text in enumerate(listed)
    ]
    names = ["none", *(route["receiver"] for route in routes)]
    return {
        "route": {"receiver": "none", "routes": routes},
        "receivers": [{"name": name} for name in names],
    }


@pytest.mark.parametrize("value", VALUES)
def test_generated_matchers_match_as_alertmanager_matches(tmp_path: Path, value: str) -> None:
    need("amtool")
    labels = {"foo": value, "bar": "x"}
    listed = list(texts(MATCHERS, good=True))
    expected = receivers_of(config_of(*listed), labels, tmp_path / "alertmanager.yml")
    found = [
        f"r{number}"
        for number, text in enumerate(listed)
        if all(matcher.matches(labels) for matcher in parse_matchers(text))
    ]
    assert found == expected
    assert 10 < len(found) < MATCHERS


def test_what_is_no_matcher_alertmanager_refuses_too(tmp_path: Path) -> None:
    need("amtool")
    for text in texts(BAD_MATCHERS, good=False):
        refused = receivers_of(config_of(text), {"foo": "a"}, tmp_path / "alertmanager.yml") is None
        assert refused, text
