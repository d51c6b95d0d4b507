"""Matchers read, print and match as Alertmanager's do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.core.matcher_classic import parse_classic
from adapter.core.matcher_utf8 import parse_utf8
from adapter.core.matchers import (
    Matcher,
    MatcherError,
    Operator,
    parse_matchers,
    parse_with_warning,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

often = settings(deadline=None, max_examples=5_000 if os.environ.get("VERIFY") else 100)

HIT, MISS, ERROR = "hit", "miss", "error"
CROOKED, SPLIT = "only the classic parser", "disagree"

# Measured with amtool 0.33.1: what the text does in fallback, classic and strict UTF-8 mode, and
# what fallback mode warns of.
GOLDEN = [
    ('foo = "bar"', {"foo": "bar"}, (HIT, HIT, HIT), ""),
    ('{foo="bar",}', {"foo": "bar"}, (HIT, HIT, HIT), ""),
    ("foo='bar'", {"foo": "bar"}, (MISS, MISS, ERROR), CROOKED),
    ("foo='bar'", {"foo": "'bar'"}, (HIT, HIT, ERROR), CROOKED),
    ('{foo="bar"', {"foo": "bar"}, (HIT, HIT, ERROR), CROOKED),
    ("foo=bar}", {"foo": "bar"}, (HIT, HIT, ERROR), CROOKED),
    ("foo=", {}, (HIT, HIT, ERROR), CROOKED),
    ('foo=~"ba"', {"foo": "bar"}, (MISS, MISS, MISS), ""),
    ("foo=~ba|zz", {"foo": "bar"}, (MISS, MISS, MISS), ""),
    ('foo=~"ba|.*r"', {"foo": "bar"}, (HIT, HIT, HIT), ""),
    ('foo=~"(?i)BAR"', {"foo": "bar"}, (HIT, HIT, HIT), ""),
    (r'foo=~"\\d+"', {"foo": "12"}, (HIT, HIT, HIT), ""),
    (r'foo=~"\\d+"', {"foo": "١٢"}, (MISS, MISS, MISS), ""),
    (r'foo=~"\d+"', {"foo": "12"}, (HIT, HIT, ERROR), CROOKED),
    (r"foo=~\d+", {"foo": "12"}, (HIT, HIT, ERROR), CROOKED),
    ('foo=~"[[:digit:]]+"', {"foo": "12"}, (HIT, HIT, HIT), ""),
    (r'foo=~"\\p{Han}+"', {"foo": "中文"}, (HIT, HIT, HIT), ""),
    ('foo=~"a(?!b)"', {}, (ERROR, ERROR, ERROR), ""),
    ('"foo.bar"="x"', {"foo.bar": "x"}, (HIT, ERROR, HIT), ""),
    ("foo.bar=x", {"foo.bar": "x"}, (HIT, ERROR, HIT), ""),
    (r'foo="\xf0\x9f\x99\x82"', {"foo": "🙂"}, (MISS, MISS, HIT), SPLIT),
    ("foo==bar", {"foo": "bar"}, (MISS, MISS, ERROR), CROOKED),
    ("foo==bar", {"foo": "=bar"}, (HIT, HIT, ERROR), CROOKED),
    ("", {"any": "thing"}, (HIT, HIT, HIT), ""),
    ("{}", {"any": "thing"}, (HIT, HIT, HIT), ""),
    (",foo=bar", {}, (ERROR, ERROR, ERROR), ""),
    ("foo=bar,,b=c", {}, (ERROR, ERROR, ERROR), ""),
    ("foo bar", {}, (ERROR, ERROR, ERROR), ""),
    ('!foo="x"', {}, (ERROR, ERROR, ERROR), ""),
    ('foo="x', {}, (ERROR, ERROR, ERROR), ""),
    # A missing label is an empty one (A14, "Matching").
    ('foo=""', {}, (HIT, HIT, HIT), ""),
    ('foo!="x"', {}, (HIT, HIT, HIT), ""),
    ('foo=~".*"', {}, (HIT, HIT, HIT), ""),
    ('foo=~".+"', {}, (MISS, MISS, MISS), ""),
    ('foo!~".+"', {}, (HIT, HIT, HIT), ""),
    # What Python's `re` would take otherwise.
    ('foo=~"bar"', {"foo": "bar\n"}, (MISS, MISS, MISS), ""),
    (r'foo=~"(a)\\1"', {}, (ERROR, ERROR, ERROR), ""),
    ('foo=~"a)|(?:b"', {"foo": "a then anything"}, (HIT, HIT, HIT), ""),
]


def verdict(parse: Callable[[str], tuple[Matcher, ...]], text: str, labels: dict[str, str]) -> str:
    try:
        matchers = parse(text)
    except MatcherError:
        return ERROR
    return HIT if all(matcher.matches(labels) for matcher in matchers) else MISS


@pytest.mark.parametrize(("text", "labels", "verdicts", "warning"), GOLDEN)
def test_a_matcher_does_what_alertmanager_does(
    text: str, labels: dict[str, str], verdicts: tuple[str, str, str], warning: str
) -> None:
    parsers = (parse_matchers, parse_classic, parse_utf8)
    assert tuple(verdict(parse, text, labels) for parse in parsers) == verdicts
    if verdicts[0] != ERROR:
        said = parse_with_warning(text).warning
        assert warning in said
        assert bool(said) is bool(warning)


EQ, NE, RE, NR = Operator

READINGS = [
    ("foo=bar,dings!=bums", [("foo", EQ, "bar"), ("dings", NE, "bums")]),
    ('{a=~"x.*" , b!~"y",}', [("a", RE, "x.*"), ("b", NR, "y")]),
    ('foo="bar,quux", job="1"', [("foo", EQ, "bar,quux"), ("job", EQ, "1")]),
    (r'q="She said: \"Hi, ladies!\""', [("q", EQ, 'She said: "Hi, ladies!"')]),
    (r'a="line\nbreak",b="back\\slash"', [("a", EQ, "line\nbreak"), ("b", EQ, "back\\slash")]),
    ('a:b="x"', [("a:b", EQ, "x")]),
    ("  ", []),
    # Only the UTF-8 parser takes these.
    (' {"foo" = bar} ', [("foo", EQ, "bar")]),
    ('"a b"="c\td"', [("a b", EQ, "c\td")]),
    ("服务=~支付.*", [("服务", RE, "支付.*")]),
    (r'"a"="\a\b\f\n\r\t\v\\\""', [("a", EQ, '\a\b\f\n\r\t\v\\"')]),
    (r'"a"="\x41\101\u4e2d\U0001f642\xe4\xb8\xad"', [("a", EQ, "AA中🙂中")]),
    ('""=x', [("", EQ, "x")]),
    ("a.b\x85=\u3000x\u2003", [("a.b", EQ, "x")]),
    ("a.b=\x1fx\x1c", [("a.b", EQ, "\x1fx\x1c")]),
    # Only the classic parser takes these.
    ("{foo='}", [("foo", EQ, "'")]),
    ("{foo=bar}}", [("foo", EQ, "bar}")]),
    ("{foo=,bar=}}", [("foo", EQ, ""), ("bar", EQ, "}")]),
    (r"foo=bar\n,b=\t,c=\"", [("foo", EQ, "bar\n"), ("b", EQ, r"\t"), ("c", EQ, '"')]),
    ("foo=bar\\", [("foo", EQ, "bar\\")]),
    (r"t==\\=\=\"", [("t", EQ, r'=\=\="')]),
    ('foo="two\nlines"', [("foo", EQ, "two\nlines")]),
    (r'foo="a\,"', [("foo", EQ, r"a\,")]),
    ("foo = two words ", [("foo", EQ, "two words")]),
]


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_text_is_read_as_alertmanager_reads_it(
    text: str, expected: list[tuple[str, Operator, str]]
) -> None:
    assert parse_matchers(text) == tuple(Matcher(*parts) for parts in expected)


NO_QUOTES = 'expected quotes at both ends and \\" between'
NO_ESCAPE = "which is no escape, expected"
NOT_UTF8 = "found escapes that are not UTF-8, expected characters"
RE2 = "expected RE2 syntax (no look-around, no back-references)"

ERRORS = [
    ("{foo=bar", parse_utf8, 8, "found the end, expected a comma or `}`"),
    ("foo=bar}", parse_utf8, 7, "found `}`, expected a comma or the end"),
    ("{foo.x=bar y=z}", None, 11, "found `y`, expected a comma or `}`"),
    ("{a.b=c} x", None, 8, "found `x`, expected the end"),
    ("{", parse_utf8, 1, 'found the end, expected a matcher such as foo="bar" or `}`'),
    (",foo=bar", None, 0, 'found `,`, expected a matcher such as foo="bar" or the end'),
    ("foo bar", None, 4, "found `bar`, expected one of = != =~ !~"),
    ("a.b=", None, 4, 'found the end, expected a value (an empty one is "")'),
    ("a.b=c`d", None, 5, "found ``` outside double quotes, expected a comma or the end"),
    ('a="b', None, 2, 'found an open double quote, expected a value (an empty one is "")'),
    (r'a.b="\d"', None, 4, rf"found `\d`, {NO_ESCAPE} `\\d` for a backslash"),
    (r'a.b="\中文"', None, 4, rf"found `\中`, {NO_ESCAPE} `\\中` for a backslash"),
    (r'a.b="\400"', None, 4, rf"found `\4`, {NO_ESCAPE} `\\4` for a backslash"),
    (r'a.b="\xf0"', None, 4, NOT_UTF8),
    (r'a.b="\ud800"', None, 4, NOT_UTF8),
    (r'a.b="\UFFFFFFFF"', None, 4, NOT_UTF8),
    ('a.b="x\ny"', None, 4, r"found a line break in quotes, expected it as \n"),
    ("a='b',,c=d", None, 6, 'found nothing, expected a matcher such as foo="bar"'),
    ("a='b',?", None, 6, 'found `?`, expected a matcher such as foo="bar"'),
    ("a='b', c=d\"", None, 9, f'found a double quote inside or at one end of `d"`, {NO_QUOTES}'),
    (r'a="\,",b=c', None, 2, rf"found `\,`, {NO_ESCAPE} `\\,` for a backslash"),
    ('b="c",a=~"[z"', None, 9, f"the regular expression is not RE2's: missing ]: [z)$; {RE2}"),
    ("foo=\ud800", None, 4, "found half of a character (U+D800), expected UTF-8 text"),
]


@pytest.mark.parametrize(("text", "parse", "position", "message"), ERRORS)
def test_an_error_says_what_was_found_what_was_expected_and_where(
    text: str,
    parse: Callable[[str], tuple[Matcher, ...]] | None,
    position: int,
    message: str,
) -> None:
    with pytest.raises(MatcherError) as caught:
        (parse or parse_matchers)(text)
    assert (str(caught.value), caught.value.position) == (message, position)


def test_the_warning_proposes_what_both_parsers_read_alike() -> None:
    parsed = parse_with_warning(r"{foo='bar',baz=~\d+")
    assert parsed.warning.endswith(r"""write: foo="'bar'", baz=~"\\d+\"""".replace(r"\"", '"'))
    proposal = parsed.warning.partition("write: ")[2]
    assert parse_with_warning(proposal) == type(parsed)(parsed.matchers)


PRINTED = [
    (Matcher("foo", EQ, 'a"b\\c\nd\te'), 'foo="a\\"b\\\\c\\nd\te"'),
    (Matcher("foo.bar", NE, "中"), 'foo.bar!="中"'),
    (
        Matcher("a b", RE, "x\ty\x01\x7f\x85\u2028\U000e0001 🙂"),
        r'"a b"=~"x\ty\x01\x7f\u0085\u2028\U000e0001 🙂"',
    ),
    (Matcher("", NR, "x"), '""!~"x"'),
]


@pytest.mark.parametrize(("matcher", "text"), PRINTED)
def test_a_matcher_prints_as_alertmanager_prints_it(matcher: Matcher, text: str) -> None:
    assert str(matcher) == text


any_text = st.text()
classic_names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]*", fullmatch=True)
tricky = st.text(st.sampled_from("ab:.{}!=~,\\\"'` \n\tn中🙂\x85"))


def matchers(names: SearchStrategy[str]) -> SearchStrategy[Matcher]:
    plain = st.builds(Matcher, names, st.sampled_from([EQ, NE]), any_text | tricky)
    regex = st.builds(Matcher, names, st.sampled_from([RE, NR]), any_text.map(re2.escape))
    return plain | regex


@often
@given(st.lists(matchers(classic_names | any_text | tricky)))
def test_what_is_printed_reads_back_as_the_same(wanted: list[Matcher]) -> None:
    assert parse_matchers(",".join(map(str, wanted))) == tuple(wanted)


@often
@given(st.lists(matchers(classic_names)))
def test_both_parsers_read_back_what_is_printed_of_classic_names(wanted: list[Matcher]) -> None:
    text = ",".join(map(str, wanted))
    assert parse_classic(text) == parse_utf8(text) == tuple(wanted)
    assert not parse_with_warning(text).warning


@pytest.mark.parametrize("text", [r'a="b\\", c="d"', 'a="b", c=d, ', ' a = "b",c=d\u3000'])
def test_the_classic_parser_takes_what_the_other_takes(text: str) -> None:
    assert len(parse_classic(text)) == 2
    assert parse_classic(text) == parse_utf8(text)


@often
@given(st.text(st.characters()) | tricky | st.lists(tricky).map("a=".join))
def test_no_text_raises_anything_but_matcher_error(text: str) -> None:
    try:
        position = len(parse_matchers(text))
    except MatcherError as error:
        position = error.position
    assert 0 <= position <= len(text)


any_string = st.text() | st.text(st.sampled_from("\ud800\udfffa\n"))  # half characters too


@often
@given(any_string, any_string)
def test_matching_never_raises_and_negation_is_the_opposite(value: str, wanted: str) -> None:
    labels = {"foo": value}
    assert Matcher("foo", EQ, wanted).matches(labels) is (value == wanted)
    assert Matcher("foo", NE, wanted).matches(labels) is (value != wanted)
    assert Matcher("foo", RE, "a.*").matches(labels) is not Matcher("foo", NR, "a.*").matches(
        labels
    )
    assert Matcher("foo", RE, "(?s).*").matches(labels)


@often
@given(any_text, any_text)
def test_an_escaped_value_as_a_regex_matches_exactly_itself(value: str, other: str) -> None:
    matcher = Matcher("foo", RE, re2.escape(value))
    assert matcher.matches({"foo": value})
    assert matcher.matches({"foo": other}) is (other == value)


def test_matching_takes_linear_time() -> None:
    # A backtracking engine would take 2^100,000 steps.
    assert not Matcher("foo", RE, "(a+)+b").matches({"foo": "a" * 100_000})


@pytest.mark.parametrize("hostile", ["a=b," * 50_000, " " * 200_000, '"' + "\\" * 199_999])
def test_long_text_is_parsed_in_linear_time(hostile: str) -> None:
    with pytest.raises(MatcherError):  # what is quadratic here takes minutes
        parse_matchers(hostile + "{")


def test_a_bad_pattern_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MatcherError):
        Matcher("foo", RE, "(")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", [r"((\pL{9}){9}){99}", "(" * 100_000])
def test_a_pattern_that_cannot_be_is_an_error(pattern: str) -> None:
    with pytest.raises(MatcherError, match="not RE2's"):
        Matcher("foo", RE, pattern)


def test_an_alternation_of_thousands_of_hosts_compiles() -> None:
    hosts = "|".join(f"host-{number:05d}.example.com" for number in range(5_000))
    assert Matcher("instance", RE, hosts).matches({"instance": "host-04999.example.com"})


def test_matchers_are_values() -> None:
    assert Matcher("a", RE, "b.*") == Matcher("a", RE, "b.*")
    assert len({Matcher("a", RE, "b.*"), Matcher("a", RE, "b.*"), Matcher("a", EQ, "b.*")}) == 2
    assert "Pattern" not in repr(Matcher("a", RE, "b"))
