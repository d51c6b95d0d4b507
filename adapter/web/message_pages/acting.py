"""What a person does through a link of a message: silence its alerts, end that, look after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from adapter.core.act_notice import act_notice
from adapter.core.acts import COMMENT_LIMIT, NAME_LIMIT, Act, ActKind
from adapter.core.matchers import Matcher, MatcherError, parse_matchers
from adapter.core.reader import Readers
from adapter.core.reminding import Quiet
from adapter.core.silencing import (
    Silence,
    chosen,
    meant,
    narrowed,
    own_matchers,
    span_name,
    written,
)
from adapter.core.text import clean, cut
from adapter.core.trouble import AlertmanagerError, Trouble
from adapter.web.silences import LEASE, Busy, silence_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from adapter.config.settings import SourceSettings
    from adapter.core.alerts import Alert
    from adapter.core.delivery import Notice
    from adapter.core.life import Timeline
    from adapter.core.message_links import Link, Linker
    from adapter.web.backend import Backend
    from adapter.web.message_pages.words import PageWords

_VALUE_BYTES: Final = 160

log = structlog.get_logger(__name__)


class WrongForm(Exception):  # noqa: N818  # an answer, not a fault
    """Answer a form with what is wrong in it, and the code that says so."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Case:
    """Hold what a link lets a person act on: some alerts of a delivery, and what they share."""

    link: Link
    linker: Linker
    timeline: Timeline
    alerts: tuple[Alert, ...]
    source: SourceSettings | None
    own: tuple[Matcher, ...]

    def did(self, kind: ActKind) -> Act | None:
        """Return what of this kind was done here, if it was."""
        mine = (act for act in self.timeline.acts if act.fingerprint == self.link.fingerprint)
        return next((act for act in mine if act.kind is kind), None)

    def quiet(self, *silenced: Matcher) -> Quiet:
        """Return of what nobody must be reminded any more, once this is looked after."""
        why = "silenced" if silenced else "acknowledged"
        fingerprints = tuple(alert.fingerprint for alert in self.alerts)
        return Quiet(self.timeline.delivery.group.source, fingerprints, silenced, why)

    def act(self, kind: ActKind, who: str, backend: Backend) -> Act:
        """Return what a person does now."""
        return Act(
            kind=kind,
            delivery=self.timeline.id,
            fingerprint=self.link.fingerprint,
            robot=self.timeline.delivery.robot,
            source=self.timeline.delivery.group.source,
            who=who,
            at=backend.clock.now(),
        )


def case_of(link: Link, linker: Linker, timeline: Timeline, backend: Backend) -> Case | None:
    """Return what a link lets a person act on; None if there is nothing."""
    group = timeline.delivery.group
    alerts = meant(group, link.fingerprint)
    if not alerts:
        return None
    source = backend.settings.sources.get(group.source)
    usable = source is not None and bool(source.url) and not alerts[0].silence_url
    own = own_matchers(alerts, source.labels) if source is not None and usable else ()
    return Case(link, linker, timeline, alerts, source if own else None, own)


@dataclass(frozen=True, slots=True)
class Actor:
    """Carry out what a form asks, each thing once."""

    backend: Backend
    words: PageWords

    def acknowledge(self, case: Case, form: Mapping[str, str]) -> None:
        """Note that somebody looks after the alerts, and tell the group."""
        act = case.act(ActKind.ACKNOWLEDGE, self._who(form), self.backend)
        acts, now = self.backend.store.acts, self.backend.clock.now()
        words, quiet = [self._notice(case, act)], case.quiet()
        if acts.do(act, words=words, quiet=quiet, now=now).may:
            self._told(act)

    def silence(self, case: Case, form: Mapping[str, str]) -> None:
        """Make the silence that a form asks for, and tell the group; raises WrongForm."""
        if case.source is None:
            raise WrongForm(400, self.words.no_silence)
        act, silence = self._wish(case, form)
        alertmanager = self.backend.alertmanager(case.source)
        mark = case.linker.mark(act.place)

        def tell(made: Act) -> tuple[list[Notice], Quiet]:
            return [self._notice(case, made)], case.quiet(*parse_matchers(", ".join(made.matchers)))

        try:
            made, fresh = silence_once(
                self.backend, alertmanager, act, silence=silence, mark=mark, tell=tell
            )
        except Busy:
            raise WrongForm(409, self.words.busy) from None
        except AlertmanagerError as error:
            raise self._failed(act, error) from None
        if fresh:
            self._told(made)

    def expire(self, case: Case, form: Mapping[str, str]) -> None:
        """End the silence that was made here, and tell the group; raises WrongForm."""
        made = case.did(ActKind.SILENCE)
        if made is None or case.source is None:
            raise WrongForm(400, self.words.no_silence)
        act = case.act(ActKind.EXPIRE, self._who(form), self.backend)
        act = msgspec.structs.replace(act, silence=made.silence, matchers=made.matchers)
        acts, now = self.backend.store.acts, self.backend.clock.now()
        acting = acts.begin(act, now=now, lease=LEASE)
        if not acting.may:
            self._require_done(done=acting.done)
            return
        try:
            self.backend.alertmanager(case.source).expire(made.silence)
        except AlertmanagerError as error:
            if error.trouble is not Trouble.GONE:  # which is what was asked for
                acts.give_up(act, unsure=False)  # to end it twice does no harm
                raise self._failed(act, error) from None
        acts.finish(act, words=[self._notice(case, act)], now=now)
        self._told(act)

    def _told(self, act: Act) -> None:
        log.info("done by a link", what=act.kind, who=act.who, of=act.place, silence=act.silence)
        self.backend.wake([act.robot])

    def _require_done(self, *, done: bool) -> None:
        if not done:
            raise WrongForm(409, self.words.busy)

    def _failed(self, act: Act, error: AlertmanagerError) -> WrongForm:
        log.warning("not done by a link", what=act.kind, of=act.place, why=str(error))
        return WrongForm(502, self.words.trouble[error.trouble].format(error.said))

    def _wish(self, case: Case, form: Mapping[str, str]) -> tuple[Act, Silence]:
        if not case.linker.is_matchers_token(written(case.own), form.get("matchers", "")):
            raise WrongForm(400, self.words.own_matchers)
        span = chosen(form.get("for", ""), self.backend.settings.silence.durations)
        if span is None:
            raise WrongForm(400, self.words.choose)
        try:
            matchers = narrowed(case.own, form.get("more", ""))
        except MatcherError as error:
            raise WrongForm(400, self.words.no_matcher.format(error)) from None
        act = case.act(ActKind.SILENCE, self._who(form), self.backend)
        comment = cut(clean(form.get("comment", "")).strip(), COMMENT_LIMIT)
        act = msgspec.structs.replace(
            act,
            until=act.at + span,
            matchers=tuple(map(str, matchers)),
            comment=comment,
        )
        silence = Silence(
            matchers=matchers,
            starts_at=act.at,
            ends_at=act.at + span,
            created_by=act.who,
            comment=f"{comment} {case.linker.mark(act.place)}".strip(),
        )
        return act, silence

    def _who(self, form: Mapping[str, str]) -> str:
        name = cut(" ".join(clean(form.get("who", "")).split()), NAME_LIMIT)
        if not name:
            raise WrongForm(400, self.words.no_name)
        return name

    def _notice(self, case: Case, act: Act) -> Notice:
        readers = Readers(self.backend.clock.now(), self.backend.settings.style)
        reader = readers.of(case.timeline.delivery.settings, _VALUE_BYTES)
        return act_notice(act, case.alerts, reader)


def choices(durations: Sequence[timedelta], asked: str) -> list[tuple[str, bool]]:
    """Return the durations of a form, and which is chosen; what a link asks for is among them."""
    names = [span_name(span) for span in durations]
    if asked not in names and chosen(asked, durations) is not None:
        names.append(asked)
    preferred = asked if asked in names else names[0]
    return [(name, name == preferred) for name in names]
