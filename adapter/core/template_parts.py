"""TemplateParts: the blocks of one template, rendered one at a time."""

from __future__ import annotations

from functools import cached_property
from traceback import walk_tb
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateSyntaxError

from adapter.core.alert_view import AlertView, shared_among_others
from adapter.core.alikes import paragraphs_of
from adapter.core.budget import RENDERING, Rendering
from adapter.core.buttons import buttons_of
from adapter.core.entry_line import entry_line
from adapter.core.group_view import sent_variables
from adapter.core.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.calls import Call
    from adapter.core.group_view import GroupView
    from adapter.core.message import Button
    from adapter.core.own_pages import OwnPages
    from adapter.core.template_blocks import Run

PARTS: Final = ("title", "group", "alert", "line", "rest", "footer", "buttons", "entry")
"""The blocks that a template may fill in."""

MENTIONS: Final = "mentions"
"""The variable that holds whom the alerts ring."""


class TemplateParts:
    """Make the parts of one message by a template."""

    def __init__(self, run: Run, view: GroupView, rendering: Rendering, call: Call) -> None:
        self._run = run
        self.call = call
        self._variables = {**view.variables(), MENTIONS: call.shown, RENDERING: rendering}
        self._title: str | None = None
        self._buttons: tuple[Button, ...] | None = None
        self._words = rendering.reader.words
        self._card = rendering.reader.card
        self._alerts = view.alerts

    @cached_property
    def paragraphs(self) -> Sequence[Sequence[AlertView]]:
        """Return the alerts by the paragraphs that tell them: one each if `rest` is empty."""
        alike = paragraphs_of(self._alerts)
        first = next((alerts for alerts in alike if len(alerts) > 1), ())
        return alike if first and self.rest(first) else [(alert,) for alert in self._alerts]

    def title(self) -> str:
        """Return what the conversation list shows, as markdown; it is made once."""
        if self._title is None:
            self._title = self.part("title")
        return self._title

    def group(self) -> str:
        """Return what is told of the group as a whole."""
        return self.part("group")

    def alert(self, alert: AlertView) -> str:
        """Return one alert in full."""
        return self.part("alert", alert)

    def line(self, alert: AlertView) -> str:
        """Return one alert in one line."""
        return self.part("line", alert)

    def footer(self) -> str:
        """Return what ends the message."""
        return self.part("footer")

    def paragraph(self, alerts: Sequence[AlertView]) -> str:
        """Return one alert in one line, or several that differ only in their subject."""
        return self.line(alerts[0]) if len(alerts) == 1 else self.rest(alerts)

    def rest(self, alerts: Sequence[AlertView]) -> str:
        """Return several alerts that differ only in their subject in one line."""
        fires = alerts[0].status == "firing"
        more = Text(self._words.more.format(len(alerts)) if fires else "")
        return self.part("rest", alerts[0], rest=list(alerts), more=more)

    def buttons(self) -> tuple[Button, ...]:
        """Return the buttons of an ActionCard; they are made once."""
        if self._buttons is None:
            self._buttons = buttons_of(self.part("buttons")) if self._card else ()
        return self._buttons

    def part(self, name: str, alert: AlertView | None = None, **more: object) -> str:
        """Return one block."""
        about = more if alert is None else {"alert": alert, **more}
        return self._run.block(name, {**self._variables, **about})


class TemplateEntries:
    """Make the lines of alerts of one group that stand among alerts of others."""

    def __init__(
        self,
        run: Run,
        group: AlertGroup,
        rendering: Rendering,
        pages: OwnPages | None = None,
    ) -> None:
        self._run = run
        self._shared = shared_among_others(group, rendering.reader.style, pages)
        self._reader = rendering.reader
        self._variables = {**sent_variables(group, rendering.reader), RENDERING: rendering}

    def entry(self, alert: Alert, call: Call) -> str:
        """Return one alert in one line."""
        if self._run.plain_entry:
            shown = self._reader.style.shown_of(alert)
            return entry_line(shown, self._reader, self._shared.apart).strip()
        view = AlertView(alert, self._reader, self._shared)
        self._variables.update({"alert": view, MENTIONS: call.shown})
        return self._run.block("entry", self._variables)


def place_of(error: BaseException, name: str, sources: Collection[str]) -> tuple[str, int]:
    """Return the template and the line where `error` arose; `name` and 0 if that is not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.name or name, error.lineno
    place = name, 0
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_code.co_filename in sources:
            place = frame.f_code.co_filename, line
    return place
