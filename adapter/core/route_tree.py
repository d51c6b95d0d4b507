"""RouteTree: the tree of routes, made ready to be asked for many alerts.

Of a node's children only those are asked that can match: one that wants a label to equal a value
is kept under that value. So the time does not grow with the number of teams that have a route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from adapter.core.matcher import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from adapter.core.matcher import Matcher

FEW: Final = 4
"""Children up to which asking each is as fast."""


class Branch(Protocol):
    """A route, as far as it decides which alerts it takes."""

    @property
    def matchers(self) -> Sequence[Matcher]:
        """Return the conditions that all must be met."""
        ...

    @property
    def continues(self) -> bool:
        """Return whether the routes after this one are asked as well."""
        ...

    @property
    def routes(self) -> Sequence[Any]:
        """Return the children."""
        ...


R = TypeVar("R", bound=Branch)


class Node(Generic[R]):
    """Hold a route, and `path`: it and those above it, from the root."""

    __slots__ = ("_always", "_by_label", "_children", "path", "route")

    def __init__(self, route: R, above: tuple[R, ...] = ()) -> None:
        self.route = route
        self.path = (*above, route)
        self._children = tuple([Node(child, self.path) for child in route.routes])
        self._always: list[int] = []
        self._by_label: dict[str, dict[str, list[int]]] = {}
        for place, child in enumerate(route.routes):
            self._file(place, child)

    def _file(self, place: int, child: R) -> None:
        """Keep a child under a value that it wants; an absent label is empty."""
        for matcher in child.matchers:
            if matcher.operator is Operator.EQUAL:
                by_value = self._by_label.setdefault(matcher.name, {})
                by_value.setdefault(matcher.value, []).append(place)
                return
        self._always.append(place)

    def asked(self, labels: Mapping[str, str]) -> Iterable[Node[R]]:
        """Return the children, in order, that may match; the others do not."""
        children = self._children
        if len(children) <= FEW:
            return children
        places: Sequence[int] = self._always
        for name, by_value in self._by_label.items():
            found = by_value.get(labels.get(name, ""))
            if found:
                places = sorted([*places, *found]) if places else found
        return [children[place] for place in places]

    def find(self, labels: Mapping[str, str], found: list[Node[R]]) -> bool:
        """Add the nodes below, or this one, that take an alert; return whether any does."""
        for matcher in self.route.matchers:  # not all(…): a generator would double the time
            if not matcher.matches(labels):
                return False
        before = len(found)
        for child in self.asked(labels):
            if child.find(labels, found) and not child.route.continues:
                break
        if len(found) == before:
            found.append(self)
        return True


class RouteTree(Generic[R]):
    """Hold the nodes of a tree."""

    def __init__(self, root: R) -> None:
        self._root = Node(root)

    def find(self, labels: Mapping[str, str]) -> tuple[Node[R], ...]:
        """Return every node that takes an alert with these labels, in the tree's order."""
        found: list[Node[R]] = []
        self._root.find(labels, found)
        return tuple(found)
