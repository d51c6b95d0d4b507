"""Trials: what a template can be tried on, and the trial that a form asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.batch import Entry
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.directory import Directory
from adapter.core.template_samples import SAMPLES
from adapter.core.template_trial import Trial
from adapter.core.who import OnDuty
from adapter.web.webhook_routing import Routing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.directory import Found
    from adapter.core.style import Style
    from adapter.web.backend import Backend
    from adapter.web.pages.records import Records

RECENT: Final = 10
"""Deliveries that are offered, the newest."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("markdown", "action_card"),
    "language": ("zh", "en"),
}
"""What a form may ask for in place of what the route says."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Offer something to try a template on; `received_at` is None for a sample."""

    key: str
    names: tuple[str, ...]
    alerts: int
    robot: str = ""
    received_at: datetime | None = None


def subjects(records: Records) -> tuple[Subject, ...]:
    """Return all that a template can be tried on, the newest deliveries first."""
    recent = (
        Subject(f"delivery:{number}", _names(each.group), len(each.group.alerts), each.robot, at)
        for number, at, each in records.recent(RECENT)
    )
    samples = (
        Subject(f"sample:{number}", _names(group), len(group.alerts))
        for number, group in enumerate(SAMPLES)
    )
    return (*recent, *samples)


def _names(group: AlertGroup) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{alert.name} {alert.status}" for alert in group.alerts))[:3]


def trial_of(fields: Mapping[str, str], name: str, backend: Backend) -> Trial:
    """Return the trial of a template called `name`; what a form asks wrongly is the usual."""
    settings, now = backend.settings, backend.clock.now()
    delivery = _asked(fields, _delivery(fields, backend, now))
    robot, style = settings.robots.get(delivery.robot), settings.style
    return Trial(
        name=name,
        text=fields.get("text", ""),
        others=backend.templates,
        delivery=delivery,
        found=tuple(_rung(delivery, Directory(settings.people, backend.schedules()), now)),
        style=_portable(style),
        base="" if style.linker is None else style.linker.base,
        keyword="" if robot is None else robot.keyword,
        now=now,
    )


def _delivery(fields: Mapping[str, str], backend: Backend, now: datetime) -> Delivery:
    kind, _, number = fields.get("subject", "").partition(":")
    index = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0  # noqa: PLR2004  # what a store's ids fit in
    known = backend.records.delivery(index) if kind == "delivery" else None
    if known is None:
        sample = SAMPLES[index if kind == "sample" and index < len(SAMPLES) else 0]
        return _routed(sample, fields.get("robot", ""), backend.settings, now)
    style = backend.settings.style
    return msgspec.structs.replace(known, group=_shown(known.group, style))


def _routed(group: AlertGroup, robot: str, settings: Settings, now: datetime) -> Delivery:
    """Return a group as it would come to a robot, or to the first one that its routes name."""
    routing = Routing(settings)
    routed = routing.deliveries(group, None, now)
    if robot in settings.robots:
        own = [each for each in routed if each.robot == robot]
        routed = (*own, *routing.deliveries(group, robot, now))
    # A route may leave out what is over; how it would look is asked all the same.
    found = routed[0] if routed else Delivery(robot=robot, group=group, settings=RenderSettings())
    return msgspec.structs.replace(found, group=_shown(group, settings.style))


def _shown(group: AlertGroup, style: Style) -> AlertGroup:
    """Return a group without the labels that no message shows."""
    alerts = tuple(style.shown_of(alert) for alert in group.alerts)
    return msgspec.structs.replace(style.shown_of_group(group), alerts=alerts)


def _asked(fields: Mapping[str, str], delivery: Delivery) -> Delivery:
    asked = {key: fields[key] for key, known in CHOICES.items() if fields.get(key) in known}
    settings = msgspec.structs.replace(delivery.settings, **asked)
    return msgspec.structs.replace(delivery, settings=settings)


def _rung(delivery: Delivery, directory: Directory, now: datetime) -> Iterable[Found]:
    """Yield whom each alert rings if this is the first that a robot hears of it."""
    who = OnDuty(directory, now)
    for index, alert in enumerate(delivery.group.alerts):
        yield who.of(
            Entry(delivery_id=1, index=index, alert=alert, delivery=delivery, received_at=now)
        )


def _portable(style: Style) -> Style:
    """Return a style for another process: no secret in it, and what it hides is hidden already."""
    return replace(style, hidden=(), linker=None)
