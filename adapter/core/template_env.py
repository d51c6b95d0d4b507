"""The sandbox that templates run in.

Templates are written by operators, the values in them by anybody. So a value stays a `Text` through
every filter, method and operator (see `text.py`), and only `| safe` lets it act. What Jinja offers
beyond that is refused where it could lose the escaping or cost without bound.
"""

from __future__ import annotations

import difflib
import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    nodes,
)
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from adapter.core.alert_view import AlertView, SeverityView
from adapter.core.budget import (
    bounded_range,
    concatenated,
    counted,
    rendering_of,
    require_length,
)
from adapter.core.filters import OWN_FILTERS
from adapter.core.links import Link
from adapter.core.reader import Labels
from adapter.core.template_blocks import Blocks, Outline, blocks_of, outline
from adapter.core.text import Text, as_text, keep, plain, written
from adapter.core.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2.compiler import Frame
    from jinja2.runtime import Context

JINJA_FILTERS: Final = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "filesizeformat", "first"),
    *("float", "groupby", "int", "items", "last", "length", "list", "lower", "map", "max", "min"),
    *("reject", "rejectattr", "reverse", "select", "selectattr", "sort", "string", "sum"),
    *("title", "trim", "truncate", "unique", "upper", "urlencode", "wordcount"),
)
"""Jinja's own filters that neither lose the escaping nor cost without bound."""

_KEEPS_MARKDOWN: Final = frozenset(
    {"bold", "color", "count", "d", "default", "escape", "join", "length", "safe", "string"}
)
_STRING_METHODS: Final = frozenset(
    {
        *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha"),
        *("isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper"),
        *("lower", "lstrip", "partition", "removeprefix", "removesuffix", "rfind", "rindex"),
        *("rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip"),
        *("swapcase", "title", "upper"),
    }
)
_VIEWS: Final[Mapping[type, str]] = {
    AlertView: "an alert",
    SeverityView: "a severity",
    Link: "a link",
    Words: "the words",
}
_MAPPING_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_INTEGER_BITS: Final = 256


def _as_data(value: object) -> object:
    """Return markdown as the text it shows: to change it would undo its escaping."""
    return Text(plain(value)) if isinstance(value, Markup) else value


def _keeping(name: str, jinja_filter: Callable[..., object]) -> Callable[..., object]:
    """Return the filter so that text stays text that is escaped."""

    @functools.wraps(jinja_filter)
    def kept(*args: object, **kwargs: object) -> object:
        data = args if name in _KEEPS_MARKDOWN else map(_as_data, args)
        return keep(jinja_filter(*data, **kwargs))

    return kept


def _own(name: str, own_filter: Callable[..., object]) -> Callable[..., object]:
    """Return a filter of our own, which keeps text itself, so that it sees no markdown."""
    return own_filter if name in _KEEPS_MARKDOWN else _keeping(name, own_filter)


class _Rewriter(NodeTransformer):
    """Count loop steps, bound `~`, and refuse what is not supported."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # Jinja's name
        """Replace `~`, which would escape for HTML."""
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "%concatenated")

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # same
        """Count the steps of a loop."""
        if node.recursive:
            _refuse(node, "a recursive loop")
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "%counted")
        return node

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> NoReturn:  # noqa: N802  # same
        """Refuse: it would filter markdown."""
        _refuse(node, "{% filter %}")

    def visit_CallBlock(self, node: nodes.CallBlock) -> NoReturn:  # noqa: N802  # same
        """Refuse: it writes without escaping."""
        _refuse(node, "{% call %}")

    def visit_ScopedEvalContextModifier(  # noqa: N802  # same
        self, node: nodes.ScopedEvalContextModifier
    ) -> NoReturn:
        """Refuse: it turns escaping off."""
        _refuse(node, "{% autoescape %}")


class _Compiler(CodeGenerator):
    """Write `written(x)` where Jinja writes `escape(environment.finalize(x))`: it costs less."""

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        del node, frame, finalize
        self.write("environment.written(")

    def _output_child_post(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        del node, frame, finalize
        self.write(")")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, lineno=node.lineno)


def _refuse(node: nodes.Node, what: str) -> NoReturn:
    raise TemplateSyntaxError(f"{what} is not supported", node.lineno)


class Sandbox(ImmutableSandboxedEnvironment):
    """Compile and run templates; `sources` are their texts by name."""

    intercepted_binops = frozenset({"+", "*", "%", "**"})
    code_generator_class = _Compiler
    written = staticmethod(written)

    def __init__(self, sources: Mapping[str, str]) -> None:
        super().__init__(
            loader=FunctionLoader(lambda name: _found(sources, name)),
            autoescape=True,
            auto_reload=False,
            cache_size=-1,
            finalize=as_text,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._outlines: dict[str, Outline] = {}
        self._blocks: dict[str, Blocks] = {}
        self.globals = {"range": bounded_range, "namespace": Namespace}
        self.filters = {
            **{name: _keeping(name, FILTERS[name]) for name in JINJA_FILTERS},
            **{name: _own(name, own) for name, own in OWN_FILTERS.items()},
            "%concatenated": concatenated,
            "%counted": counted,
        }

    def blocks(self, name: str) -> Blocks:
        """Return the blocks of a template."""
        if name not in self._blocks:
            self._blocks[name] = blocks_of(self.get_template(name), tuple(self._line_of(name)))
        return self._blocks[name]

    def _line_of(self, name: str) -> Iterator[Outline]:
        """Yield the outlines of a template and all that it extends, as far as they can be read."""
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            with suppress(TemplateError):  # whoever renders it will be told
                self.get_template(name)
            found = self._outlines.get(name)
            if found is None:
                return
            yield found
            name = found.extends or name

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002  # Jinja's signature
    ) -> str:
        self._outlines[name or ""] = outline(source)
        return super()._generate(_Rewriter().visit(source), name, filename, defer_init)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401  # Jinja's signature
        """Return what `obj.attribute` means: of labels, the label."""
        kind = type(obj)
        if kind in _VIEWS:
            try:
                if not attribute.startswith("_"):
                    return getattr(obj, attribute)
            except AttributeError:
                pass  # the answer below says what there is instead
            return self._nothing_of(obj, attribute)
        if kind is Labels and attribute not in _MAPPING_METHODS:
            return obj[attribute]
        return super().getattr(_as_data(obj), attribute)

    def _nothing_of(self, view: object, attribute: str) -> Undefined:
        known = [name for name in dir(view) if not name.startswith("_")]
        close = difflib.get_close_matches(attribute, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return self.undefined(f"there is no {attribute} of {_VIEWS[type(view)]}{hint}")

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401  # same
        """Return what `obj[argument]` means."""
        return super().getitem(_as_data(obj), argument)

    def wrap_str_format(self, value: Any) -> None:  # noqa: ANN401  # same
        """Offer no `str.format`: its widths are not bounded."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401  # same
        """Return whether a template may use an attribute."""
        if isinstance(obj, str):
            return attr in _STRING_METHODS
        if isinstance(obj, int | float):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # same
        """Call something, for a step."""
        rendering_of(context).budget.spend()
        return keep(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401  # same
        """Return the result of an operator that could make much out of little."""
        if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
            return concatenated((left, right))
        if operator == "+" and isinstance(left, list | tuple):
            require_length(len(left) + len(right))
        elif not _small(left) or not _small(right) or operator == "**":
            raise SecurityError(f"{operator} is for numbers of ordinary size")
        return super().call_binop(context, operator, left, right)


def _found(sources: Mapping[str, str], name: str) -> tuple[str, str, None] | None:
    return (sources[name], name, None) if name in sources else None


def _small(value: object) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= _INTEGER_BITS
    return isinstance(value, float)
