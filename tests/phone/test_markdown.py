"""The simulator's reading of markdown: what phones show, and that nothing can hurt it."""

from __future__ import annotations

import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.phone.markdown import headings, images, links, parse, plain_text, tags
from adapter.phone.tree import (
    Break,
    Document,
    Emphasis,
    Font,
    Heading,
    Image,
    Items,
    Link,
    Paragraph,
    Quote,
    Source,
    Strong,
    Text,
)

EXAMPLES = [
    ("a\nb", Document((Paragraph((Text("a b"),)),))),
    ("a\n\nb", Document((Paragraph((Text("a"),)), Paragraph((Text("b"),))))),
    ("a  \n  b", Document((Paragraph((Text("a"), Break(), Text("b"))),))),
    ("a  \nb", Document((Paragraph((Text("a b"),)),))),
    ("a \t  b", Document((Paragraph((Text("a b"),)),))),
    ("a&nbsp;&#160;b", Document((Paragraph((Text("a\xa0\xa0b"),)),))),
    ("# a #\n## b", Document((Heading(1, (Text("a"),)), Heading(2, (Text("b"),))))),
    ("#a", Document((Paragraph((Text("#a"),)),))),
    ("a\n---", Document((Heading(2, (Text("a"),)),))),
    ("a\n\n---", Document((Paragraph((Text("a"),)), Source("---")))),
    ("> a\n> b", Document((Quote((Paragraph((Text("a"), Break(), Text("b"))),)),))),
    ("> # a", Document((Quote((Heading(1, (Text("a"),)),)),))),
    (
        "- a\n- b",
        Document((Items(((Paragraph((Text("a"),)),), (Paragraph((Text("b"),)),)), None),)),
    ),
    ("3. a", Document((Items(((Paragraph((Text("a"),)),),), 3),))),
    (
        "**a** *b* _c_",
        Document(
            (
                Paragraph(
                    (
                        Strong((Text("a"),)),
                        Text(" "),
                        Emphasis((Text("b"),)),
                        Text(" "),
                        Emphasis((Text("c"),)),
                    )
                ),
            )
        ),
    ),
    ("***a***", Document((Paragraph((Strong((Emphasis((Text("a"),)),)),)),))),
    ("node_cpu_seconds 2 * 3 * 4", Document((Paragraph((Text("node_cpu_seconds 2 * 3 * 4"),)),))),
    (
        '<font color="#F5222D">a</font><FONT color=red size=5>b</FONT>',
        Document((Paragraph((Font((Text("a"),), "#F5222D"), Font((Text("b"),), "red", "5"))),)),
    ),
    ("<font color=red>a", Document((Paragraph((Text("<font color=red>a"),)),))),
    (
        '[a](https://b.c/?d=(e) "f") [g](<h i>)',
        Document(
            (
                Paragraph(
                    (
                        Link((Text("a"),), "https://b.c/?d=(e)"),
                        Text(" "),
                        Link((Text("g"),), "h i"),
                    )
                ),
            )
        ),
    ),
    ("[a](b c)", Document((Paragraph((Text("[a](b c)"),)),))),
    ("*[a*](b)", Document((Paragraph((Text("*"), Link((Text("a*"),), "b"))),))),
    ("![a](b)", Document((Paragraph((Image("a", "b"),)),))),
    (
        r"\*a\* \[b](c) \\ &lt;d&gt; &bogus;",
        Document((Paragraph((Text(r"*a* [b](c) \ <d> &bogus;"),)),)),
    ),
    ("`a` ~~b~~", Document((Paragraph((Text("`a` ~~b~~"),)),))),
    ("|a|b|\n|-|-|\n|1|2|", Document((Source("|a|b|\n|-|-|\n|1|2|"),))),
    ("```sh\n# a\n```\nb", Document((Source("```sh\n# a\n```"), Paragraph((Text("b"),))))),
]


@pytest.mark.parametrize(("text", "tree"), EXAMPLES)
def test_what_a_phone_shows(text: str, tree: Document) -> None:
    assert parse(text) == tree


def test_the_tree_can_be_asked() -> None:
    document = parse("# a [b](c)\n\n> ![d](e) <u>f</u>\n\n- 1. **[g](h)**")
    assert [each.level for each in headings(document)] == [1]
    assert [each.url for each in links(document)] == ["c", "h"]
    assert [each.url for each in images(document)] == ["e"]
    assert tags(document) == ("<u>", "</u>")
    assert plain_text(document) == "a b\nd <u>f</u>\n• 1. g"


@pytest.mark.parametrize(
    ("hostile", "found"),
    [
        ("[x](http://evil)", "links"),
        ("![x](http://evil)", "images"),
        ("<http://evil>", "links"),
        ("a\n===", "headings"),
        ("x\n# a", "headings"),
        ("x\r# a", "headings"),
        ("> # a", "headings"),
        ("- # a", "headings"),
        ("**[x](http://evil)", "links"),
        ("`[x](http://evil)`", "links"),
        ("[[x](http://evil)", "links"),
        ("<u>[x](http://evil)", "links"),
        ("[x](\nhttp://evil )", "links"),
        ("<a href='http://evil'>x</a>", "tags"),
    ],
)
def test_forged_markup_is_found(hostile: str, found: str) -> None:
    """What any screen might render is markup here, so that a proof of absence means something."""
    readers = {"links": links, "images": images, "headings": headings, "tags": tags}
    assert readers[found](parse(f"label: {hostile}")) or readers[found](parse(hostile))


MARKS = (
    *"[]!*_`~#>-+=|\\&; \t\n\"'1.a警:/",
    *("\r\n", "![", "**", "***", "```", "> ", "- ", "1. ", "|-|", "  \n  ", "&nbsp;", "&#x41;"),
)
HIDING = ("(", ")", "<", "](", "<font color=red>", "</font>", "<a ", '(u "', "http://x")


def markup(marks: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(marks), max_size=120).map("".join)


@given(st.one_of(markup(MARKS + HIDING), st.text(max_size=300)))
def test_every_text_has_a_tree(text: str) -> None:
    document = parse(text)
    plain_text(document)
    for read in links, images, headings, tags:
        assert isinstance(read(document), tuple)


@given(st.text(max_size=300))
def test_escaped_text_is_shown_as_it_was(text: str) -> None:
    """A backslash before every mark makes plain text of anything: no markup, no character lost."""
    escaped = re.sub(f"([{re.escape(string.punctuation)}])", r"\\\1", text)
    document = parse(escaped)
    assert [read(document) for read in (links, images, headings, tags)] == [()] * 4
    assert visible(plain_text(document)) == visible(text)


@given(st.text(st.sampled_from("abc 警告\n你好.,:;?%$@/()\"'{}^"), max_size=200))
def test_unmarked_text_is_shown_as_it_was(text: str) -> None:
    assert visible(plain_text(parse(text))) == visible(text)


@given(markup(MARKS))
def test_no_character_is_lost_without_a_url_or_a_tag(text: str) -> None:
    """Only a link's address and title and the inside of a tag may vanish."""
    assert plain_text(parse(text)).count("警") == text.count("警")


def visible(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "![",
            "[](",
            "*a ",
            "**",
            "_a_",
            "<",
            "<font ",
            "<font>",
            "&",
            "\\",
            "> ",
            ">",
            "- ",
        ),
        *("1. ", "#", "# ", "`", "|\n-|\n", "](", "[x](a", "[x](a (", '[x](a "', " ", "\n", "("),
        *("<a ", "![x](", "[x](\\(", "* a\n> ", "a\n", "> a\n\n", "```\n", "***a", "&#1", "a|"),
    ],
)
def test_reading_is_linear(unit: str) -> None:
    """Twice as long may take twice as long; a square law would take minutes at this size."""
    text = (unit * 20_000)[:20_000] + "x"
    begun = time.process_time()
    plain_text(parse(text))
    assert time.process_time() - begun < 10
