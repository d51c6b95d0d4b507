"""The webhook: Alertmanager's JSON (version 4), and Grafana's superset, into an AlertGroup.

The shape decides, not the version: unknown keys are ignored, and only `alerts` must be there.
What is refused here can never pass, so each refusal tells its sender what to change. It never
quotes a value, because labels and annotations can hold secrets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alerts import AlertGroup, common, fingerprint
from adapter.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOM: Final = b"\xef\xbb\xbf"
_MOST_TRUNCATED: Final = 2**63 - 1
_QUOTED: Final = re.compile(r"\\([\\.+*?()\[\]{}^$|])")
_WEBHOOK: Final = msgspec.json.Decoder(AlertGroup)
_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ALERTS_KEYS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)
_EXPECTED: Final = (
    'expected {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "…"},'
    ' "annotations": {}, "startsAt": "RFC 3339"}]}, as Alertmanager (version 4) and Grafana post it'
)
_NEXT: Final = (
    "check what posts here: Alertmanager's webhook_configs or Grafana's webhook contact point,"
    " without a custom payload"
)


def decode_webhook(body: bytes) -> AlertGroup:
    """Return the alert group that `body` describes, or raise PayloadError."""
    try:
        group = _decode(body.removeprefix(_BOM))
    except msgspec.ValidationError as error:
        raise PayloadError(_misfit(str(error))) from None
    except UnicodeDecodeError:
        raise PayloadError(f"a string of the body is not UTF-8; {_EXPECTED}; {_NEXT}") from None
    except msgspec.DecodeError as error:
        found = str(error).removeprefix("JSON is malformed: ")
        raise PayloadError(f"the body is not valid JSON: {found}; {_EXPECTED}; {_NEXT}") from None
    except RecursionError:
        raise PayloadError(f"the body is nested too deeply; {_EXPECTED}; {_NEXT}") from None
    return msgspec.structs.replace(
        group,
        receiver=_QUOTED.sub(r"\1", group.receiver),  # Alertmanager sends it as a regex literal
        truncated_alerts=min(max(group.truncated_alerts, 0), _MOST_TRUNCATED),
        source="",  # a sender does not choose whom it is taken for
        times=1,
        alerts=tuple(
            alert
            if alert.fingerprint
            else msgspec.structs.replace(alert, fingerprint=fingerprint(alert.labels))
            for alert in group.alerts
        ),
    )


def with_source(group: AlertGroup, name: str, labels: Mapping[str, str]) -> AlertGroup:
    """Return the group as sent by source `name`, with its labels added where alerts lack them.

    Fingerprints stay as they are, or silences and links of that Alertmanager would not fit.
    """
    alerts = tuple(
        msgspec.structs.replace(alert, labels=_filled(alert.labels, labels))
        for alert in group.alerts
    )
    shared = common(alert.labels for alert in alerts)
    added = {label: shared[label] for label in labels if label in shared}
    return msgspec.structs.replace(
        group, source=name, alerts=alerts, common_labels={**group.common_labels, **added}
    )


def _filled(labels: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return `labels` with those of `extra` that are missing; an empty label is a missing one."""
    missing = {name: value for name, value in extra.items() if not labels.get(name)}
    return {**labels, **missing}


def _decode(body: bytes) -> AlertGroup:
    try:
        return _WEBHOOK.decode(body)
    except msgspec.ValidationError as error:
        try:
            cleaned = _without_nulls(body)
        except msgspec.DecodeError:
            raise error from None  # it knows the place in the whole body
        return _WEBHOOK.decode(cleaned)


def _without_nulls(body: bytes) -> bytes:
    """Return `body` without the keys that are null, as Go writes a map or list never made."""
    group = _KEYS.decode(body)
    kept: dict[str, object] = dict(_present(group))
    if "alerts" in group:
        kept["alerts"] = [_present(alert) for alert in _ALERTS_KEYS.decode(group["alerts"]) or ()]
    return msgspec.json.encode(kept)


def _present(keys: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {name: value for name, value in keys.items() if bytes(value) != b"null"}


def _misfit(text: str) -> str:
    """Return what is wrong with a body that is JSON but no webhook; `text` is msgspec's."""
    if text == "Expected `object`, got `array`":
        return (
            "the body is a JSON array, which is the input of Alertmanager's API v2"
            f" (/api/v2/alerts); {_EXPECTED}; let this sender (Prometheus, vmalert) post to"
            " Alertmanager, and configure Alertmanager's webhook_configs with this URL"
        )
    if text == "Object missing required field `alerts`":
        return (
            f"the object has no `alerts` at `$`, so it may be a custom payload; {_EXPECTED};"
            " remove `payload` from the receiver (Grafana: the custom payload)"
        )
    what, _, where = text.rpartition(" - at ")
    if what.startswith("Invalid enum value"):  # msgspec quotes the value, which is not ours to show
        what = "Expected `firing` or `resolved`, got another value"
    found = f"{what}, at {where}" if what else f"{text}, at `$`"
    return f"the body is no alert group: {found}; {_EXPECTED}; {_NEXT}"
