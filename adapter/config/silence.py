"""Read `silence`: what signs the links of messages, and what can be done through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake
from adapter.config.reader import list_of, scalar
from adapter.config.scalars import duration_within
from adapter.config.secret_values import password, take_secret
from adapter.config.settings import SilenceSettings

if TYPE_CHECKING:
    from datetime import timedelta

    from adapter.config.reader import Section, Value
    from adapter.secret import Secret

SHORTEST: Final = 16
"""Characters that a secret has at least: who sees a link can try secrets as fast as they like."""

_DEFAULT: Final = SilenceSettings()
_DURATION: Final = scalar(duration_within("1m", "365d"))
_EXPIRES: Final = duration_within("1m", "30d")


def take_silence(root: Section, external_url: str) -> SilenceSettings:
    """Return the settings of `silence`, and warn where they make no link."""
    settings = root.take("silence", _read, _DEFAULT)
    value = root.get("silence")
    if value is not None and settings.secret is not None and not external_url:
        value.reading.problems.warn(
            value.key_place or value.place,
            "silence.secret",
            "signs nothing: without server.external_url messages carry no links; set it, "
            "such as https://alerts.example.com",
        )
    return settings


def _read(value: Value) -> SilenceSettings:
    with value.section("silence", "secret_file: secrets/silence") as section:
        return SilenceSettings(
            secret=take_secret(section, "secret", _secret),
            durations=section.take("durations", _read_durations, _DEFAULT.durations),
            expires=section.scalar("expires", _EXPIRES, _DEFAULT.expires),
        )


def _secret(text: str) -> Secret:
    secret = password(text)
    if len(text) < SHORTEST:
        raise Mistake(f"is shorter than {SHORTEST} characters; `openssl rand -hex 32` makes one")
    return secret


def _read_durations(value: Value) -> tuple[timedelta, ...]:
    if not value.items("[1h, 4h, 1d]"):
        raise Mistake("is empty; expected a list such as [1h, 4h, 1d]")
    found = list_of(_DURATION, "[1h, 4h, 1d]")(value)
    return tuple(dict.fromkeys(found))
