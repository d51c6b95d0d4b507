"""Read `storage` and `log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapter.config.files import is_directory
from adapter.config.problems import Mistake
from adapter.config.scalars import duration_within, one_of
from adapter.config.secret_values import secret_file
from adapter.config.settings import LogFormat, LogLevel, LogSettings, StorageSettings
from adapter.secret import Secret

if TYPE_CHECKING:
    from adapter.config.reader import Section, Value

_DEFAULT_LOG: Final = LogSettings()
_FORMATS: Final[tuple[LogFormat, ...]] = ("json", "console")
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = "postgresql+psycopg://"
_SKIPPED: Final = Secret(f"{_POSTGRESQL}skipped/skipped")
_DATABASE: Final = "data/adapter.db"
_RETENTION: Final = duration_within("1s", "10y")


def take_log(root: Section) -> LogSettings:
    """Return the settings of `log`."""
    return root.take("log", _read_log, _DEFAULT_LOG)


def take_storage(root: Section) -> StorageSettings:
    """Return the settings of `storage`; its path starts from the configuration file."""
    default = StorageSettings(path=root.value.base / _DATABASE)
    return root.take("storage", lambda value: _read_storage(value, default), default)


def _read_log(value: Value) -> LogSettings:
    with value.section("log", "level: info") as section:
        return LogSettings(
            format=section.scalar("format", one_of(_FORMATS), _DEFAULT_LOG.format),
            level=section.scalar("level", one_of(_LEVELS), _DEFAULT_LOG.level),
        )


def _read_storage(value: Value, default: StorageSettings) -> StorageSettings:
    with value.section("storage", f"url: {_SQLITE}{_DATABASE}") as section:
        found = _take_url(section)
        shared = found if isinstance(found, Secret) else None
        return StorageSettings(
            path=value.base / found if isinstance(found, str) else default.path,
            postgresql=shared,
            retention=section.scalar("retention", _RETENTION, default.retention),
        )


def _take_url(section: Section) -> str | Secret | None:
    """Return what `url` says, or the file of `url_file`: PostgreSQL's URL holds a password."""
    given = section.only_one("url", "url_file")
    if given is None:
        return None
    name, value = given
    if name == "url_file":
        return value.read(lambda found: secret_file(found, _server, _SKIPPED), None)
    return value.read(_read_url, None)


def _read_url(value: Value) -> str | Secret:
    found = _database(value.text())
    if isinstance(found, str) and is_directory(value.base / found):
        raise Mistake("names a directory; expected a file in it, such as adapter.db")
    return found


def _database(text: str) -> str | Secret:
    """Return the path of SQLite's file, or the URL of PostgreSQL, which may hold a password."""
    if text.startswith(_POSTGRESQL):
        return _server(text)
    path = text.removeprefix(_SQLITE)
    if path == text or not path.strip("/") or ":memory:" in path or "?" in path:
        raise Mistake(
            f"expected {_SQLITE} and the path of a file, such as {_SQLITE}{_DATABASE} (relative to "
            f"this file) or {_SQLITE}/var/lib/adapter/adapter.db; "
            f"or {_POSTGRESQL}user:password@host/database for several replicas"
        )
    return path


def _server(text: str) -> Secret:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or not text.startswith(_POSTGRESQL) or not url.host or not url.database:
        raise Mistake(f"is no URL of PostgreSQL; expected {_POSTGRESQL}user:password@host/database")
    return Secret(text)
