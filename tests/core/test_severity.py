"""How bad alerts are, on the scale of a shop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.core.alerts import AlertGroup
from adapter.core.batch import Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.priority import Priority
from adapter.core.rendering import Renderer
from adapter.core.routes import Route, RouteSettings
from adapter.core.routing import route_group
from adapter.core.severity import DEFAULT_SCALE, LEVELS, UNTOLD, Level, Scale
from adapter.core.style import Style
from adapter.outbox.weighing import count_key
from support.alerts import make_alert
from support.batches import a_batch, an_alert, entries_of
from support.rendering import NOW, bundled


def level(value: str, emoji: str, *, high: bool = False) -> Level:
    names = {"zh": value.upper(), "en": value.upper()}
    return Level(values=frozenset({value}), names=names, emoji=emoji, color="#112233", high=high)


P0, P1, P2 = level("p0", "🟥", high=True), level("p1", "🟧", high=True), level("p2", "🟨")
SHOP = Scale("level", (P0, P1, P2))
RENDERER = Renderer(bundled(), Style(SHOP))


@pytest.mark.parametrize(
    ("levels", "place"), [(LEVELS, 2), (LEVELS[:2], 1), (LEVELS[:1], 1), (SHOP.levels, 2)]
)
def test_what_no_level_knows_stands_above_the_last_but_below_the_worst(
    levels: tuple[Level, ...], place: int
) -> None:
    scale = Scale(levels=levels)
    assert scale.rank(UNTOLD) == place
    assert [level for level in scale.worst_first if level is not UNTOLD] == list(levels)


def test_the_levels_of_a_shop_decide_the_priority() -> None:
    alerts = (an_alert("A", "", level=value, n=str(n)) for n in range(12) for value in ("P1", "p2"))
    root = Route(settings=RouteSettings(robots=("ops",)))
    group = AlertGroup(alerts=tuple(alerts))
    deliveries = route_group(root, group, {"ops": RouteSettings()}, SHOP)
    told = {each.priority: each.group.alerts[0].labels["level"] for each in deliveries}
    assert told == {Priority.HIGH: "P1", Priority.NORMAL: "p2"}
    default = route_group(root, group, {"ops": RouteSettings()})
    assert [each.priority for each in default] == [Priority.NORMAL]


def test_an_alert_is_counted_by_the_label_that_counted_when_it_was_accepted() -> None:
    alert = make_alert("A", severity="warning", level="p1")
    root = Route(settings=RouteSettings(robots=("ops",)))
    (delivery,) = route_group(root, AlertGroup(alerts=(alert,)), {"ops": RouteSettings()}, SHOP)
    assert count_key(delivery, alert)[4] == "p1"


def test_the_levels_of_a_shop_are_what_a_message_shows() -> None:
    alerts = [an_alert("A", "x", level=value, instance=value) for value in ("p2", "P0", "p7")]
    delivery = Delivery(
        robot="ops", group=AlertGroup(alerts=tuple(alerts)), settings=RenderSettings()
    )
    markdown = RENDERER.render(delivery, now=NOW).message.markdown
    assert markdown.title.startswith("🟥 P0 1 · 🔔 p7 1 · 🟨 P2 1")
    assert "level" not in markdown.text  # it is told by its word


def test_the_levels_of_a_shop_are_what_merged_messages_and_digests_count() -> None:
    alerts = [an_alert(f"A{n}", "", level=f"p{n % 3}", instance=str(n)) for n in range(9)]
    deliveries = [
        Delivery(
            robot="ops", group=AlertGroup(alerts=(one,)), settings=RenderSettings(language="en")
        )
        for one in alerts
    ]
    entries = entries_of(deliveries, received_at=NOW - timedelta(minutes=2))
    lines = RENDERER.render_batch(a_batch(Form.LINE, entries), now=NOW).message.markdown
    assert lines.title == "🟥 P0 3 · 🟧 P1 3 · 🟨 P2 3"
    digest = RENDERER.render_batch(a_batch(Form.DIGEST, entries, label="level"), now=NOW)
    assert "🟥 3 · 🟧 3 · 🟨 3" in digest.message.markdown.text
    assert DEFAULT_SCALE.level("p0") is LEVELS[0]


def test_a_level_keeps_its_rank_in_another_process() -> None:
    assert [SHOP.rank(replace(level)) for level in (P0, P1, UNTOLD, P2)] == [0, 1, 2, 3]
