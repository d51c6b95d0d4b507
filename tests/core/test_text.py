from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup
from markupsafe import escape as output

from adapter.core.text import (
    INVISIBLE,
    TEXT_METHODS,
    Text,
    as_text,
    clean,
    cut,
    cut_bytes,
    encodable,
    escape,
    joined,
    json_size,
    plain,
)

HOSTILE = st.text(alphabet="\\`*_[]()<>#+-=.!|~@&;:/ \n\t1aZ中😀\u200b\u202e\ud800", max_size=40)
ANY = st.text(st.characters(), max_size=60) | HOSTILE


@pytest.mark.parametrize(
    "value",
    [
        *("node_exporter", "10.0.0.1:9100", "payments/api-0", "cn-beijing-prod", "-5%", "+8613"),
        *(
            "up == 0",
            "CPU > 90% (now 96.4)",
            "支付成功率 91.2%，低于 98%",
            "磁盘（/data）",
            "a=b, c",
        ),
        *("https://pay.example.com/healthz?full=1&x=2", 'issuer="R11"', "1.2.3", "fe80::1"),
        *("kube-state-metrics", "👩‍🚀 on call"),
    ],
)
def test_what_people_read_every_day_stays_as_it_is(value: str) -> None:
    assert escape(value) == value


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("[click](http://evil)", r"\[click\](http://evil)"),
        ("![x](http://evil)", r"!\[x\](http://evil)"),
        ("**bold** *it* `code`", r"\*\*bold\*\* \*it\* \`code\`"),
        ("_it_ a_b __c", r"\_it\_ a_b \_\_c"),
        ("<font color=red>x</font>", "&lt;font color=red>x&lt;/font>"),
        ("&lt;b&gt; &#91; &copy AT&T", "&amp;lt;b&amp;gt; &amp;#91; &copy AT&T"),
        ("# head", r"\# head"),
        ("#head", r"\#head"),
        (" > quote", r" \> quote"),
        ("- item", r"\- item"),
        ("---", r"\---"),
        ("+ item", r"\+ item"),
        ("===", r"\==="),
        ("1. item", r"1\. item"),
        ("20) item", r"20\) item"),
        ("1.", r"1\."),
        (". after a number", r"\. after a number"),
        ("a | b", r"a \| b"),
        ("~~gone~~", r"\~\~gone\~\~"),
        ("(http://evil) after a bracket", "\u200b(http://evil) after a bracket"),
        ("before a bracket!", "before a bracket!\u200b"),
        ("now! go", "now! go"),
        ("@all @13800000001", "@\u200ball @\u200b13800000001"),
        ("ops@example.com", "ops@\u200bexample.com"),
        ("dingtalk://dingtalkclient/x", "dingtalk:\u200b//dingtalkclient/x"),
        ("DingTalk-Robot:x", "DingTalk-Robot:\u200bx"),
        ("C:\\new\\*", r"C:\\new\\\*"),
        ("two\nlines\r\n\t\x00and \x1b[31mmore", r"two lines and \[31mmore"),
        ("\u202eevil\u200b\ufeff", "evil"),
        ("half \ud83d", "half \ufffd"),
        ("", ""),
    ],
)
def test_what_would_act_is_escaped_and_nothing_else(value: str, escaped: str) -> None:
    assert escape(value) == escaped


@given(ANY)
@example("10.0.0.1:9100")
@example("dingtalk:x")
def test_the_quick_way_for_harmless_values_changes_nothing(value: str) -> None:
    """What is true of a value within others must be true of it alone."""
    assert escape(value) == escape(value + "\u200b")


@given(ANY)
def test_escaping_can_be_taken_back(value: str) -> None:
    expected = clean(value)
    assert plain(escape(value)).replace("\u200b", "") == expected


@given(ANY)
def test_escaped_text_is_one_line_that_can_be_sent(value: str) -> None:
    escaped = escape(value)
    assert escaped.splitlines() in ([], [escaped])
    escaped.encode()


def test_every_character_that_is_not_seen_is_dropped_but_for_joiners() -> None:
    """Read from Unicode's own table, so that a newer Python tells what is missing."""
    formats = {chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) == "Cf"}
    kept = {"\u200c", "\u200d"}
    assert formats - kept == {char for char in formats if INVISIBLE.fullmatch(char)}
    controls = [
        chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Zl", "Zp")
    ]
    assert {clean(char) for char in controls} == {" "}


# The class that keeps text text.


def test_text_is_escaped_when_it_is_put_into_markdown() -> None:
    assert output(Text("[a](b)")) == r"\[a\](b)"
    assert Markup("**{}**").format(Text("*")) == r"**\***"


def test_every_string_made_from_text_is_text() -> None:
    text = Text("a%s b{}")
    made = [
        *(text + "x", "x" + text, text * 2, 2 * text, text % "x", text[1:], text[0]),
        *(*text, *text.split(), *text.partition(" "), *text.rsplit(None, 1), *text.splitlines()),
        *(text.upper(), text.replace("a", "b"), text.join("xy"), text.format("x"), text.strip()),
        *(text.center(20), text.zfill(20), text.translate({97: "b"})),
        *(*text.rpartition(" "), text.removeprefix("a"), text.swapcase()),
    ]
    made.append("%s" % text)  # noqa: UP031  # the operator is the point
    assert {type(each) for each in made} == {Text}


def test_no_method_of_str_gives_a_plain_string() -> None:
    """Ask Python for its methods, so that a newer one's are not forgotten."""
    harmless = {
        "__class__",
        "__dir__",
        "__doc__",
        "__format__",
        "__getnewargs__",
        "__repr__",
        "__str__",
    }
    arguments = [(), ("a",), ("a", "b"), (4,), ({97: "b"},), (["a"],), (slice(2),), ("a", 2)]
    for name in set(dir(str)) - harmless - {"maketrans", "__new__", "__init_subclass__"}:
        for given_arguments in arguments:
            try:
                made = getattr(Text("a b"), name)(*given_arguments)
                pieces = made if isinstance(made, list | tuple) else [made]
                assert str not in map(type, pieces), name
            except (TypeError, ValueError, LookupError, AttributeError):
                continue
    assert set(TEXT_METHODS) <= set(dir(str))


def test_only_markdown_is_left_alone_on_output() -> None:
    assert as_text(Markup("**b**")) == "**b**"
    assert isinstance(as_text(Markup("**b**")), Markup)
    assert type(as_text("**b**")) is Text
    assert as_text(None) == ""
    assert as_text(7) == "7"


def test_parts_in_a_row_are_markdown_as_soon_as_one_of_them_is() -> None:
    assert joined(["*", Markup("**b**"), Text("_")], "<") == r"\*&lt;**b**&lt;\_"
    assert type(joined(["*", 1], "-")) is Text
    assert joined(["*", 1], "-") == "*-1"


# Sizes.


@given(st.text(st.characters(), max_size=50), st.integers(0, 60))
def test_cutting_keeps_whole_characters_within_the_limit(text: str, limit: int) -> None:
    short = cut_bytes(text, limit, "…")
    if short != text:
        assert len(short.encode()) <= max(limit, len("…".encode()))
        assert short.endswith("…")
        assert encodable(text).startswith(short.removesuffix("…"))
    assert short == text or len(encodable(text).encode()) > limit


@given(st.text(max_size=30), st.integers(0, 30))
def test_a_cut_title_says_so(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= max(limit, 1)
    assert short == text or short.endswith("…")


def test_size_counts_the_bytes_of_json() -> None:
    assert json_size('a"\n严') == len(r"a\"\n") + 3
