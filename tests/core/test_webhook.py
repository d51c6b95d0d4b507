"""Every trap of the webhook: what Alertmanager and Grafana really send, and what others might."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, fingerprint, instant
from adapter.core.webhook import decode_webhook, with_source
from adapter.errors import PayloadError

often = settings(deadline=None, max_examples=5_000 if os.environ.get("VERIFY") else 150)

FOLDER = Path(__file__).parents[1] / "samples"
SAMPLES = sorted(FOLDER.glob("**/*.json"))
GRAFANA = FOLDER / "grafana-12.json"
MIXED = FOLDER / "alertmanager-0.33/kube-pod-crash-looping-firing-some-alerts-resolved-4.json"
TRUNCATED = FOLDER / "alertmanager-0.33/flood-firing-some-alerts-resolved-5.json"

ALERT: dict[str, object] = {
    "status": "firing",
    "labels": {"alertname": "Up"},
    "annotations": {},
    "startsAt": "2026-11-23T19:56:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "",
    "fingerprint": "0123456789abcdef",
}


def body(alert: dict[str, object] | None = None, **group: object) -> bytes:
    """Return a webhook; keys of `alert` and of the group replace the ordinary ones."""
    whole = {"version": "4", "alerts": [ALERT | (alert or {})], "receiver": "r", **group}
    return json.dumps(whole).encode()


def decode_one(**changes: object) -> Alert:
    (alert,) = decode_webhook(body(changes)).alerts
    return alert


def refusal(raw: bytes) -> str:
    with pytest.raises(PayloadError) as caught:
        decode_webhook(raw)
    assert caught.value.__cause__ is None
    assert len(str(caught.value).encode()) < 700
    return str(caught.value)


# What is really sent.


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: f"{sample.parent.name}/{sample.stem}"
)
def test_every_sample_decodes_and_survives_the_store(sample: Path) -> None:
    raw = json.loads(sample.read_bytes())
    group = decode_webhook(sample.read_bytes())
    assert len(group.alerts) == len(raw["alerts"]) > 0
    assert [alert.labels for alert in group.alerts] == [alert["labels"] for alert in raw["alerts"]]
    assert [alert.fingerprint for alert in group.alerts] == [
        alert["fingerprint"] for alert in raw["alerts"]
    ]
    assert (group.group_key, group.external_url) == (raw["groupKey"], raw["externalURL"])
    assert group.common_labels == raw["commonLabels"]
    assert group.truncated_alerts == raw["truncatedAlerts"]
    assert group.notification_reason == raw.get("notification_reason", "")
    stored = msgspec.json.encode(group)
    assert msgspec.json.decode(stored, type=AlertGroup) == group
    assert all(alert.started_at is not None for alert in group.alerts)


def test_a_firing_group_may_hold_resolved_alerts() -> None:
    group = decode_webhook(MIXED.read_bytes())
    assert group.status is Status.FIRING
    assert [alert.ended_at is None for alert in group.alerts] == [False, False, True, True]


def test_truncated_alerts_are_counted() -> None:
    group = decode_webhook(TRUNCATED.read_bytes())
    assert (len(group.alerts), group.truncated_alerts) == (5, 7)


def test_grafana_s_superset_is_understood() -> None:
    group = decode_webhook(GRAFANA.read_bytes())
    (alert,) = group.alerts
    assert alert.panel_url.endswith("viewPanel=4")
    assert alert.dashboard_url.startswith("https://grafana.example.com/d/")
    assert alert.silence_url.startswith("https://grafana.example.com/alerting/silence/new")
    assert alert.value_string.startswith("[ var='B'")


RECEIVERS = [
    ("team-a\\.ding\\+x", "team-a.ding+x"),
    ("monitoring/name/ding", "monitoring/name/ding"),
    ("钉钉", "钉钉"),
    (r"\\\.\+\*\?\(\)\[\]\{\}\^\$\|", r"\.+*?()[]{}^$|"),
    (r"a\\\.b", r"a\.b"),
    (r"not\quoted", r"not\quoted"),
    ("", ""),
]


@pytest.mark.parametrize(("sent", "name"), RECEIVERS)
def test_the_receiver_comes_regex_quoted_and_is_unquoted(sent: str, name: str) -> None:
    assert decode_webhook(body(receiver=sent)).receiver == name


TIMES = [
    ("2026-11-23T19:56:00Z", datetime(2026, 11, 23, 19, 56, tzinfo=UTC)),
    ("2026-11-24T03:56:00+08:00", datetime(2026, 11, 23, 19, 56, tzinfo=UTC)),
    ("2026-11-23T19:56:00", datetime(2026, 11, 23, 19, 56, tzinfo=UTC)),
    ("2026-11-23T19:56:00.5Z", datetime(2026, 11, 23, 19, 56, 0, 500_000, tzinfo=UTC)),
    ("2026-11-24T03:56:00.123456000+08:00", datetime(2026, 11, 23, 19, 56, 0, 123456, tzinfo=UTC)),
    ("2026-11-23T19:56:00.123456499Z", datetime(2026, 11, 23, 19, 56, 0, 123456, tzinfo=UTC)),
    ("0001-01-01T00:00:00Z", None),
    ("0001-01-01T00:00:00+08:00", None),
    ("0001-01-01T00:00:00-08:00", None),
    ("9999-12-31T23:59:59-08:00", None),
]


@pytest.mark.parametrize(("sent", "expected"), TIMES)
def test_times_keep_their_offset_and_are_told_in_utc(sent: str, expected: datetime | None) -> None:
    alert = decode_one(startsAt=sent, endsAt=sent, status="resolved")
    assert (alert.started_at, alert.ended_at) == (expected, expected)
    assert alert.starts_at is not None
    offset = timedelta(hours=int(sent[-6:-3])) if sent[-3] == ":" and sent[-6] in "+-" else None
    assert offset is None or alert.starts_at.utcoffset() == offset


def test_an_alert_needs_no_name() -> None:
    alert = decode_one(labels={"job": "batch"})
    assert (alert.name, alert.labels) == ("", {"job": "batch"})


def test_what_older_and_other_senders_leave_out_is_not_missed() -> None:
    bare = decode_webhook(b'{"alerts": [{"labels": {"a": "b"}}]}')
    alert = Alert(labels={"a": "b"}, fingerprint=fingerprint({"a": "b"}))
    assert bare == AlertGroup(alerts=(alert,))


def test_what_newer_senders_add_is_kept() -> None:
    group = decode_webhook(body(notification_reason="unknown", routeLabels={"team": "x"}))
    assert (group.notification_reason, group.route_labels) == ("unknown", {"team": "x"})


@pytest.mark.parametrize("version", ["1", "4", "99", 5, None, {"major": 4}])
def test_the_version_is_not_judged(version: object) -> None:
    assert len(decode_webhook(body(version=version)).alerts) == 1


def test_unknown_keys_are_ignored_whatever_they_hold() -> None:
    odd: dict[str, Any] = {
        "values": None,
        "orgId": 1,
        "enrichments": [{"a": [1.5, None]}],
        "x" * 5_000: {},
    }
    expected = decode_webhook(body())
    assert decode_webhook(body(odd, **odd)) == expected
    assert decode_webhook(body({"annotations": None, **odd}, **odd)) == expected


GROUP_KEYS = [
    *("receiver", "groupKey", "groupLabels", "commonLabels", "commonAnnotations", "externalURL"),
    *("truncatedAlerts", "notification_reason", "routeLabels", "status"),
]
ALERT_KEYS = [*ALERT, "silenceURL", "dashboardURL", "panelURL", "valueString"]


@pytest.mark.parametrize("key", GROUP_KEYS)
def test_a_null_of_the_group_is_a_missing_key(key: str) -> None:
    whole = json.loads(body())
    whole.pop(key, None)
    expected = decode_webhook(json.dumps(whole).encode())
    assert decode_webhook(json.dumps(whole | {key: None}).encode()) == expected


@pytest.mark.parametrize("key", ALERT_KEYS)
def test_a_null_of_an_alert_is_a_missing_key(key: str) -> None:
    rest = {name: value for name, value in ALERT.items() if name != key}
    expected = decode_webhook(json.dumps({"alerts": [rest, ALERT]}).encode())
    nulled = json.dumps({"alerts": [rest | {key: None}, ALERT], "receiver": None})
    assert decode_webhook(nulled.encode()) == expected


@pytest.mark.parametrize("none", [b"null", b" null ", b"[]"])
def test_alerts_may_be_null_which_means_none(none: bytes) -> None:
    assert decode_webhook(b'{"alerts":' + none + b"}") == AlertGroup(alerts=())


FINGERPRINTS: list[dict[str, object]] = [{"fingerprint": ""}, {"fingerprint": None}]


@pytest.mark.parametrize("without", FINGERPRINTS)
def test_a_missing_fingerprint_is_worked_out(without: dict[str, object]) -> None:
    labels = {"alertname": "Up", "instance": "1", "job": "a"}
    assert decode_one(labels=labels, **without).fingerprint == "b0fca7cb17b6f3dd"
    assert decode_one(labels=labels).fingerprint == ALERT["fingerprint"]


COUNTS = [(-3, 0), (0, 0), (7, 7), (2**63 - 1, 2**63 - 1), (2**64, 2**63 - 1), (10**40, 2**63 - 1)]


@pytest.mark.parametrize(("sent", "kept"), COUNTS)
def test_a_count_that_cannot_be_is_brought_into_range(sent: int, kept: int) -> None:
    group = decode_webhook(body(truncatedAlerts=sent))
    assert group.truncated_alerts == kept
    assert msgspec.json.decode(msgspec.json.encode(group), type=AlertGroup) == group


def test_the_last_of_duplicate_keys_counts() -> None:
    group = decode_webhook(
        b'{"receiver":"a","receiver":"b","alerts":[],"alerts":[{"labels":{"x":"1","x":"2"}}]}'
    )
    assert (group.receiver, group.alerts[0].labels) == ("b", {"x": "2"})
    nulls = decode_webhook(b'{"receiver":"a","receiver":null,"alerts":null,"alerts":[{}]}')
    assert (nulls.receiver, len(nulls.alerts)) == ("", 1)


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode_webhook(b"\xef\xbb\xbf" + body()) == decode_webhook(body())


@pytest.mark.parametrize("annotations", [{}, None])
def test_a_long_number_that_nobody_reads_does_no_harm(annotations: object) -> None:
    whole = body({"annotations": annotations}, orgId=7).replace(b" 7", b" " + b"9" * 5_000)
    assert decode_webhook(whole) == decode_webhook(body())


def test_a_sender_cannot_choose_its_source() -> None:
    assert decode_webhook(body(source="another")).source == ""
    assert decode_webhook(body(times=7)).times == 1


# What can never pass.

EXPECTED = (
    'expected {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "…"},'
    ' "annotations": {}, "startsAt": "RFC 3339"}]}, as Alertmanager (version 4) and Grafana post it'
)
NEXT = (
    "check what posts here: Alertmanager's webhook_configs or Grafana's webhook contact point,"
    " without a custom payload"
)


def test_the_input_of_api_v2_is_named() -> None:
    assert refusal(b' [{"labels": {"alertname": "Up"}}]') == (
        "the body is a JSON array, which is the input of Alertmanager's API v2 (/api/v2/alerts);"
        f" {EXPECTED}; let this sender (Prometheus, vmalert) post to Alertmanager, and configure"
        " Alertmanager's webhook_configs with this URL"
    )


@pytest.mark.parametrize("raw", [b"{}", b'{"msgtype":"text","text":{"content":"secret"}}'])
def test_a_custom_payload_is_named(raw: bytes) -> None:
    assert refusal(raw) == (
        "the object has no `alerts` at `$`, so it may be a custom payload;"
        f" {EXPECTED}; remove `payload` from the receiver (Grafana: the custom payload)"
    )


NO_TIME = "Invalid RFC3339 encoded datetime"
NO_STATUS = "Expected `firing` or `resolved`, got another value"
HUGE = body(truncatedAlerts=7).replace(b" 7", b" " + b"9" * 5_000)

MISFITS = [
    (b"null", "Expected `object`, got `null`, at `$`"),
    (b"5", "Expected `object`, got `int`, at `$`"),
    (b'{"alerts":{}}', "Expected `array`, got `object`, at `$.alerts`"),
    (b'{"alerts":[null]}', "Expected `object`, got `null`, at `$.alerts[0]`"),
    (b'{"alerts":[{},[]]}', "Expected `object`, got `array`, at `$.alerts[1]`"),
    (body({"labels": []}), "Expected `object`, got `array`, at `$.alerts[0].labels`"),
    (body({"labels": {"a": 5}}), "Expected `str`, got `int`, at `$.alerts[0].labels[...]`"),
    (body({"labels": {"a": None}}), "Expected `str`, got `null`, at `$.alerts[0].labels[...]`"),
    (body({"status": "s3cret - at `$`"}), f"{NO_STATUS}, at `$.alerts[0].status`"),
    (body({"startsAt": "yesterday"}), f"{NO_TIME}, at `$.alerts[0].startsAt`"),
    (body({"endsAt": "2026-02-30T00:00:00Z"}), f"{NO_TIME}, at `$.alerts[0].endsAt`"),
    (body(truncatedAlerts=1.5), "Expected `int`, got `float`, at `$.truncatedAlerts`"),
    (HUGE, "Integer value out of range, at `$.truncatedAlerts`"),
]


@pytest.mark.parametrize(("raw", "found"), MISFITS)
def test_a_misfit_is_told_with_its_place_and_without_its_value(raw: bytes, found: str) -> None:
    assert refusal(raw) == f"the body is no alert group: {found}; {EXPECTED}; {NEXT}"


MALFORMED = [
    (b"", "Input data was truncated"),
    (b'{"alerts": [', "Input data was truncated"),
    (b"\xff\xfe{\x00}\x00", "invalid character (byte 0)"),
    (b'{"alerts":[],"x":NaN}', "invalid character (byte 17)"),
    (b'{"alerts":[],"x":-Infinity}', "invalid character (byte 18)"),
    (b'{"alerts":[]} secret', "trailing characters (byte 15)"),
    (body().replace(b"Up", b"\\udc00 and more"), "invalid utf-16 surrogate pair (byte 80)"),
]


@pytest.mark.parametrize(("raw", "found"), MALFORMED)
def test_what_is_no_json_is_told(raw: bytes, found: str) -> None:
    assert refusal(raw) == f"the body is not valid JSON: {found}; {EXPECTED}; {NEXT}"


@pytest.mark.parametrize("half", [b"\\ud800", b"\\ud800\\u0041", b"\\udfff\\ud800"])
def test_half_a_character_is_refused(half: bytes) -> None:
    refusal(body().replace(b"Up", half))


def test_a_string_that_is_not_utf_8_is_refused() -> None:
    for raw in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80"):
        assert refusal(body().replace(b"Up", raw)) == (
            f"a string of the body is not UTF-8; {EXPECTED}; {NEXT}"
        )


DEEP = [
    b'{"alerts":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"x":' * 100_000,
    b'{"alerts":[{"values":' + b'{"a":' * 100_000,
    b'{"annotations":null,"alerts":[{"labels":' + b"[" * 100_000,
]


@pytest.mark.parametrize("raw", DEEP, ids=range(len(DEEP)))
def test_deep_nesting_is_refused(raw: bytes) -> None:
    assert refusal(raw) == f"the body is nested too deeply; {EXPECTED}; {NEXT}"


def test_deep_arrays_at_the_top_are_refused() -> None:
    refusal(b"[" * 100_000 + b"]" * 100_000)


def test_a_refusal_never_quotes_what_was_sent() -> None:
    secret = "s3cr3t-token"
    for raw in (
        json.dumps({"msgtype": secret}).encode(),
        json.dumps([secret]).encode(),
        json.dumps(secret).encode(),
        secret.encode(),
        body({"status": secret}),
        body({"startsAt": secret}),
        body({"labels": {secret: 1}}),
        body({"labels": secret}),
        body({secret: "\ud800"}),
        body(status=secret),
        body(truncatedAlerts=secret),
        body().replace(b"Up", secret.encode() + b"\xff"),
    ):
        assert secret not in refusal(raw)


# Properties.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
)
known_keys = st.sampled_from(["alerts", *GROUP_KEYS, *ALERT_KEYS])
like_webhooks = st.fixed_dictionaries(
    {"alerts": st.lists(st.dictionaries(known_keys, json_values, max_size=4), max_size=3)}
)


def decodes_or_is_refused(raw: bytes) -> None:
    try:
        group = decode_webhook(raw)
    except PayloadError as error:
        problem = str(error)
    else:
        problem = ""
        stored = msgspec.json.encode(group)
        assert msgspec.json.decode(stored, type=AlertGroup) == group
        assert all(alert.fingerprint for alert in group.alerts)
    assert len(problem.encode()) < 700


@often
@given(st.binary())
def test_no_bytes_raise_anything_but_payload_error(raw: bytes) -> None:
    decodes_or_is_refused(raw)


@often
@given(json_values | like_webhooks | st.dictionaries(known_keys, json_values))
def test_no_json_raises_anything_but_payload_error(value: Any) -> None:  # noqa: ANN401  # any JSON
    decodes_or_is_refused(json.dumps(value).encode())


small_samples = st.sampled_from([each for each in SAMPLES if each.stat().st_size < 4_000])
pieces = st.sampled_from([b"null", b'"', b"{", b"]", b"\\", b"-1", b"1e400", b"\xff", b"\\ud800"])


@often
@given(small_samples, pieces, st.data())
def test_no_damaged_sample_raises_anything_but_payload_error(
    sample: Path, piece: bytes, data: st.DataObject
) -> None:
    raw = sample.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(start + 20, len(raw))))
    decodes_or_is_refused(raw[:start] + piece + raw[end:])


offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@often
@given(st.datetimes(timezones=offsets))
def test_any_time_is_the_same_instant_here(at: datetime) -> None:
    alert = decode_one(startsAt=at.isoformat())
    assert alert.starts_at == at
    assert alert.started_at == instant(at)


# Sources.

LABELS = {"cluster": "bj", "zone": "north"}


def test_a_source_adds_its_labels_where_they_are_missing() -> None:
    ours = decode_one(labels={"alertname": "Up"})
    theirs = decode_one(labels={"alertname": "Up", "cluster": "sh"})
    empty = decode_one(labels={"alertname": "Up", "cluster": ""})
    group = AlertGroup(
        alerts=(ours, theirs, empty),
        common_labels={"alertname": "Up"},
        group_labels={"alertname": "Up"},
    )
    found = with_source(group, "bj", LABELS)
    assert found.source == "bj"
    assert [alert.labels.get("cluster") for alert in found.alerts] == ["bj", "sh", "bj"]
    assert {alert.labels["zone"] for alert in found.alerts} == {"north"}
    assert found.common_labels == {"alertname": "Up", "zone": "north"}
    assert found.group_labels == {"alertname": "Up"}
    assert [alert.fingerprint for alert in found.alerts] == [ALERT["fingerprint"]] * 3


def test_a_source_without_labels_only_gives_its_name() -> None:
    group = decode_webhook(MIXED.read_bytes())
    assert with_source(group, "bj", {}) == msgspec.structs.replace(group, source="bj")


def test_a_source_of_no_alerts_says_nothing_in_common() -> None:
    assert with_source(AlertGroup(alerts=()), "bj", LABELS) == AlertGroup(alerts=(), source="bj")


@often
@given(st.lists(st.dictionaries(st.sampled_from(["cluster", "zone", "x"]), st.text(max_size=1))))
def test_after_a_source_every_alert_has_its_labels(label_sets: list[dict[str, str]]) -> None:
    group = AlertGroup(alerts=tuple(Alert(labels=labels) for labels in label_sets))
    found = with_source(group, "bj", LABELS)
    for before, after in zip(label_sets, found.alerts, strict=True):
        assert after.labels == before | {
            name: before.get(name) or value for name, value in LABELS.items()
        }
    for name, value in found.common_labels.items():
        assert all(alert.labels[name] == value for alert in found.alerts)
    assert with_source(found, "bj", LABELS) == found
