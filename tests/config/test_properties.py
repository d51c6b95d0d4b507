"""What must hold for any text: only ConfigError, no secret told, and an end in good time."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import config
from adapter.config.problems import Problems
from adapter.config.yaml_composer import compose
from adapter.config.yaml_nodes import ScalarNode
from adapter.errors import ConfigError

EXAMPLE: Final = (Path(__file__).parents[2] / "config.example.yml").read_text()

CANARIES: Final = {
    "hex token": "c0ffee" * 10 + "beef",
    "webhook token": "deadbeef" * 8,
    "secret": "SECc0ffee0123456789abcdef",
    "bearer": "canary-bearer",
    "password": "canary@password!",
    "proxy": "canary-proxy",
    "environment": "canary-environment",
    "file": "canary-file\\n of two lines",
}

HOOK: Final = CANARIES["webhook token"]

SECRETIVE: Final = f"""\
server:
  auth:
    bearer_tokens:
      - {CANARIES["bearer"]}
    basic:
      username: alertmanager
      password: {CANARIES["password"]}
robot_defaults:
  proxy: http://me:{CANARIES["proxy"]}@proxy:3128
robots:
  ops:
    access_token: {CANARIES["hex token"]}
    secret: {CANARIES["secret"]}
  flow: {{access_token: {CANARIES["hex token"]}, secret: "{CANARIES["secret"]}"}}
  hook:
    webhook: https://oapi.dingtalk.com/robot/send?access_token={HOOK}&sign=canary
  env:
    access_token: ${{CANARY}}
    timeout: ${{CANARY}}
  file:
    access_token_file: secret-file
route:
  robots: [ops, "${{CANARY}}"]
  template: ${{CANARY}}
  routes:
    - matchers: ['a="${{CANARY}}"', 'b=~"${{CANARY}}("']
"""


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """Return a text as it looks after a few slips of the hand."""
    for _ in range(draw(st.integers(1, 3))):
        lines = text.split("\n")
        number = draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        at = draw(st.integers(0, len(line)))
        slip = draw(st.sampled_from(("drop", "double", "indent", "cut", "type", "join", "lose")))
        match slip:
            case "drop":
                lines[number : number + 1] = []
            case "double":
                lines.insert(number, line)
            case "indent":
                lines[number] = " " * draw(st.integers(0, 6)) + line.lstrip(" ")
            case "cut":
                lines[number] = line[:at] + line[at + draw(st.integers(1, 12)) :]
            case "type":
                typed = draw(
                    st.sampled_from([*"\t\n:#-*&!|>'\"%@`{}[],?~\\ x", ": ", "${", "<<: "])
                )
                lines[number] = line[:at] + typed + line[at:]
            case "join":
                lines[number : number + 2] = ["".join(lines[number : number + 2])]
            case _:
                lines[number] = line.replace(": ", ":", 1)
        text = "\n".join(lines)
    return text


def load(text: str, files: dict[str, str] | None = None) -> str:
    """Return what is told of a configuration and everything that led there."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "config.yml"
        for name, content in {**(files or {}), "config.yml": text}.items():
            (Path(directory) / name).write_bytes(content.encode("utf-8", "surrogatepass"))
        try:
            loaded = config.load(path, environ={"CANARY": CANARIES["environment"]})
        except ConfigError as error:
            return f"{error}{error!r}{''.join(traceback.format_exception(error))}"
        return f"{loaded!r}"


@settings(deadline=None)
@given(mutations(EXAMPLE))
def test_slips_of_the_hand_raise_nothing_but_problems(text: str) -> None:
    load(text)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="ab:- \n\t[]{},'\"&*!|>#?<~%@`\\\ud800$"))
def test_any_text_raises_nothing_but_problems(text: str) -> None:
    load(text)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_problems(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "config.yml"
        path.write_bytes(content)
        with pytest.raises(ConfigError):
            config.load(path, environ={})


@settings(deadline=None)
@given(mutations(SECRETIVE))
def test_no_problem_tells_a_secret(text: str) -> None:
    told = load(text, {"secret-file": CANARIES["file"]})
    for what, canary in CANARIES.items():
        assert canary not in told, what


def test_the_unspoilt_secrets_are_told_nowhere() -> None:
    told = load(SECRETIVE, {"secret-file": CANARIES["file"]})
    assert "robots.env.timeout" in told
    assert "canary" not in told


NOWHERE: Final = (
    "robots: {{ops: '{}'}}",
    "robots: {{ops: {{access_token: ['{}']}}}}",
    "robots: {{ops: {{access_token_file: '{}'}}}}",
    "robots: {{ops: {{secret: '{} {}'}}}}",
    "robots: {{ops: {{webhook: '{}'}}}}",
    "robots: {{ops: {{api_url: '{}'}}}}",
    "robots: {{ops: {{proxy: '{}'}}}}",
    "storage: {{url: 'postgresql://me:{}@db/x'}}",
    "server: {{auth: {{bearer_tokens: '{}', basic: '{}'}}}}",
    "server: {{auth: {{basic: {{password:{}}}}}}}",
    "server: {{auth: {{basic: {{password: *{}}}}}}}",
)
"""Where nothing is quoted, because a secret belongs there."""

ELSEWHERE: Final = (
    "log: {{level: '{}'}}",
    "log: {{level: info, '{}': 1}}",
    "robots: {{'{}': {{}}}}",
    "route: {{robots: ['{}']}}",
    "route: {{robots: [], template: 'https://x/?access_token={}'}}",
)
"""Where what looks like a token is masked."""


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
@pytest.mark.parametrize("place", NOWHERE)
def test_a_secret_is_not_told_where_it_is_wrong(place: str, canary: str) -> None:
    assert canary not in load(f"{place.format(canary, canary)}\n")


@pytest.mark.parametrize("what", ["hex token", "webhook token", "secret"])
@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_token_is_not_told_where_none_belongs(place: str, what: str) -> None:
    told = load(f"{place.format(CANARIES[what])}\n")
    assert CANARIES[what] not in told
    assert "***" in told


def test_a_billion_laughs_are_refused_at_once() -> None:
    level = "&r0 {matchers: [a=b]}"
    routes = [level]
    for number in range(1, 12):
        last = f"*r{number - 1}"
        routes.append(f"&r{number} {{routes: [{', '.join([last] * 9)}]}}")
    text = (
        f"robots: {{o: {{access_token: a}}}}\nroute: {{robots: [o], routes: [{', '.join(routes)}]}}"
    )
    began_at = time.perf_counter()
    told = load(text)
    assert "more than 100000 values" in told
    assert time.perf_counter() - began_at < 30


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=20))
def test_every_character_of_a_quoted_text_has_its_column(text: str) -> None:
    single = "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    double = '"' + "".join(f"\\u{ord(one):04x}" if one == "x" else one for one in escaped) + '"'
    for written in (single, double):
        node = scalar(f"{written} # comment")
        if node is None or node.text != text:
            continue  # a line separator folds, a control character is refused
        assert node.place_at(0) == node.place  # the quote; all others count from the text
        for offset, character in enumerate(text[1:], 1):
            stands = written[node.place_at(offset).column - 1]
            assert stands in (character, "\\")
        assert node.place_at(len(text)).column == len(written)


def scalar(text: str) -> ScalarNode | None:
    try:
        node = compose(text, "file", Problems())
    except Exception:  # noqa: BLE001  # only the columns are the claim here
        return None
    assert isinstance(node, ScalarNode)
    return node
