"""The digest is equal for equal states and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.dedup import digest

START = datetime(2026, 11, 23, 20, tzinfo=UTC)
ONE = Alert(fingerprint="01", labels={"a": "1"}, starts_at=START)
TWO = Alert(fingerprint="02", starts_at=START, status=Status.RESOLVED)
GROUP = AlertGroup(alerts=(ONE, TWO))


def with_first(**changes: object) -> AlertGroup:
    return AlertGroup(alerts=(msgspec.structs.replace(ONE, **changes), TWO))


SAME = [
    AlertGroup(alerts=(TWO, ONE)),
    AlertGroup(alerts=(ONE, TWO), notification_reason="repeat interval elapsed"),
    AlertGroup(alerts=(ONE, TWO), external_url="http://other-replica:9093"),
    with_first(starts_at=START.astimezone(timezone(timedelta(hours=8)))),
    with_first(annotations={"value": "changed"}),
    with_first(ends_at=START),
]


@pytest.mark.parametrize("group", SAME)
def test_the_same_state_has_the_same_digest(group: AlertGroup) -> None:
    assert digest(group) == digest(GROUP)


OTHER = [
    AlertGroup(alerts=(ONE,)),
    AlertGroup(alerts=(ONE, ONE, TWO)),
    AlertGroup(alerts=()),
    with_first(status=Status.RESOLVED),
    with_first(fingerprint="03"),
    with_first(starts_at=START + timedelta(microseconds=1)),
    with_first(starts_at=None),
    AlertGroup(alerts=(ONE, TWO), truncated_alerts=1),
]


def test_another_state_has_another_digest() -> None:
    digests = {digest(group) for group in (GROUP, *OTHER)}
    assert len(digests) == 1 + len(OTHER)


def test_a_digest_is_short_hex_and_the_same_in_every_process() -> None:
    assert digest(AlertGroup(alerts=())) == "245d25fa51d2ca8c7a60d5300c15a7ac"
