"""Batches as a planner makes them: realistic, and the same on every run."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from adapter.core.alerts import Alert, AlertGroup, Status, common, fingerprint
from adapter.core.batch import Batch, Count, Entry, Form, Totals
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import body
from adapter.core.priority import Priority
from support.rendering import NOW, renderer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from adapter.core.rendering import RenderedBatch, Renderer

AN_AGE = timedelta(seconds=48)
UUID = "f" * 64
BUNDLED = renderer()
ALERTMANAGER = "https://am.example.com"
NO_NOTES: Mapping[str, str] = MappingProxyType({})


def an_alert(
    name: str,
    severity: str,
    *,
    ago: timedelta = timedelta(minutes=3),
    lasted: timedelta | None = None,
    notes: Mapping[str, str] = NO_NOTES,
    **labels: str,
) -> Alert:
    """Return an alert that began `ago`; it is over if it `lasted`."""
    every = {"alertname": name, "severity": severity, **labels}
    return Alert(
        labels=every,
        annotations=dict(notes),
        status=Status.FIRING if lasted is None else Status.RESOLVED,
        starts_at=NOW - ago,
        ends_at=None if lasted is None else NOW - ago + lasted,
        fingerprint=fingerprint(every),
    )


def a_delivery(*alerts: Alert, key: str = "", **look: str) -> Delivery:
    """Return a delivery of one group of these alerts."""
    fires = any(alert.status is Status.FIRING for alert in alerts)
    labels = common(alert.labels for alert in alerts)
    group = AlertGroup(
        alerts=alerts,
        status=Status.FIRING if fires else Status.RESOLVED,
        receiver="dingtalk",
        group_key=key or f'{{}}:{{alertname="{alerts[0].name if alerts else ""}"}}',
        common_labels=labels,
        common_annotations=common(alert.annotations for alert in alerts),
        external_url=ALERTMANAGER,
    )
    return Delivery(robot="ops", group=group, settings=RenderSettings(**look))


def entries_of(
    deliveries: Iterable[Delivery], *, received_at: datetime = NOW - AN_AGE
) -> tuple[Entry, ...]:
    """Return an entry for every alert of these deliveries, one delivery after the other."""
    return tuple(
        Entry(
            delivery_id=number,
            index=index,
            alert=alert,
            delivery=delivery,
            received_at=received_at,
        )
        for number, delivery in enumerate(deliveries, start=1)
        for index, alert in enumerate(delivery.group.alerts)
    )


def a_batch(
    form: Form, entries: Sequence[Entry], *, alone: bool = False, label: str = "severity"
) -> Batch:
    """Return a batch of these entries, which are all that waits, counted by a label."""
    return Batch(
        form=form,
        priority=Priority.NORMAL,
        entries=tuple(entries),
        alone=alone,
        totals=totals_of(entries, label=label),
    )


def totals_of(
    entries: Iterable[Entry], *, full_bytes: int = 500, label: str = "severity"
) -> Totals:
    """Return the sums of these entries, each of which takes so much to tell in full."""
    counted = Counter(
        (e.alert.name, e.alert.labels.get(label, ""), e.alert.status) for e in entries
    )
    counts = (
        Count(
            priority=Priority.NORMAL,
            template="default",
            name=name,
            severity=severity,
            status=status,
            alerts=alerts,
            full_bytes=full_bytes * alerts,
            line_bytes=90 * alerts,
        )
        for (name, severity, status), alerts in counted.items()
    )
    return Totals(counts=tuple(counts))


def three_groups(**look: str) -> list[Delivery]:
    """Return what a bad minute looks like: pods that crash, a full disk, a target that is back."""
    crashing = [
        an_alert(
            "KubePodCrashLooping",
            "critical",
            cluster="bj",
            namespace="payments",
            pod=f"api-{number}",
            notes={
                "summary": f"Pod payments/api-{number} is crash looping",
                "description": f"容器 api 在最近 10 分钟内重启了 {number + 3} 次。",
                "runbook_url": "https://runbooks.example.com/kubepodcrashlooping",
            },
        )
        for number in range(3)
    ]
    disk = an_alert(
        "NodeFilesystemFull",
        "warning",
        cluster="sh",
        instance="10.12.3.7:9100",
        device="/dev/vda1",
        notes={"summary": "根分区 2 小时内将写满", "description": "已用 96%"},
    )
    back = [
        an_alert(
            "TargetDown",
            "warning",
            ago=timedelta(minutes=12),
            lasted=timedelta(minutes=11),
            cluster="sg",
            job="kubelet",
            instance=f"10.20.0.{number}:10250",
        )
        for number in range(2)
    ]
    return [a_delivery(*group, **look) for group in (crashing, [disk], back)]


_KINDS = (  # name, severity, label and value of what differs, namespace
    ("NodeNotReady", "critical", "node", "node-{:03}", ""),
    ("KubePodNotReady", "warning", "pod", "api-{}", "payments"),
    ("TargetDown", "warning", "instance", "10.0.7.{}:9100", ""),
    ("QueueLag", "info", "consumergroup", "billing-{}", "orders"),
)


def many_groups(count: int, **look: str) -> list[Delivery]:
    """Return groups of five, `count` alerts in all; every tenth was over before it was told."""
    groups = [range(first, min(first + 5, count)) for first in range(0, count, 5)]
    return [
        a_delivery(*map(_one_of_many, numbers), key=f"{{}}:{{{numbers[0]}}}", **look)
        for numbers in groups
    ]


def _one_of_many(number: int) -> Alert:
    group = number // 5
    name, severity, label, value, namespace = _KINDS[group % len(_KINDS)]
    labels = {
        "cluster": "bj" if group % 3 else "sh",
        "namespace": namespace,
        label: value.format(number),
    }
    alert = an_alert(
        name,
        severity,
        ago=timedelta(minutes=4, seconds=-(number % 200)),
        lasted=timedelta(seconds=95) if number % 10 == 9 else None,
    )
    every = {**alert.labels, **{name: value for name, value in labels.items() if value}}
    return msgspec.structs.replace(alert, labels=every, fingerprint=fingerprint(every))


def network_storm(**look: str) -> list[Delivery]:
    """Return a thousand alerts of one cause: a switch, its nodes, and the pods on them."""
    switch = an_alert(
        "NodeNetworkDown", "warning", ago=timedelta(seconds=125), cluster="bj", instance="switch-a3"
    )
    lost = [
        an_alert(
            "NodeNotReady",
            "critical",
            cluster="bj",
            node=f"node-{number:02}",
            ago=timedelta(seconds=110),
        )
        for number in range(1, 38)
    ]
    pods = [
        an_alert(
            "KubePodNotReady",
            "warning",
            ago=timedelta(seconds=90),
            cluster="bj" if number < 774 else "sh",
            namespace="payments" if number % 9 < 5 else "orders",
            pod=f"api-{number}",
        )
        for number in range(938)
    ]
    over = [
        an_alert(
            "TargetDown",
            "warning",
            ago=timedelta(seconds=100),
            lasted=timedelta(seconds=40),
            cluster="bj",
            instance=f"10.0.0.{number}:9100",
        )
        for number in range(24)
    ]
    return [a_delivery(*group, **look) for group in ([switch], lost, pods, over)]


def render_batch(
    form: Form,
    entries: Sequence[Entry],
    *,
    alone: bool = False,
    by: Renderer = BUNDLED,
    part: tuple[int, int] | None = None,
) -> RenderedBatch:
    """Return the message of these entries, by the bundled templates unless said otherwise."""
    return by.render_batch(a_batch(form, entries, alone=alone), now=NOW, part=part)


def text_of(rendered: RenderedBatch) -> str:
    """Return the text of a message."""
    return rendered.message.markdown.text


def size_of(rendered: RenderedBatch) -> int:
    """Return the bytes of the body that is sent."""
    return len(body(rendered.message, UUID))


def messages(form: Form, entries: Sequence[Entry], *, alone: bool = False) -> list[RenderedBatch]:
    """Return the messages by which entries are told one after the other."""
    told: list[RenderedBatch] = []
    while entries:
        told.append(render_batch(form, entries, alone=alone))
        entries = entries[told[-1].told :]
    return told


def numbers(text: str) -> list[int]:
    """Return the numbers of the nodes that a text names, in order."""
    return [int(number) for number in re.findall(r"node-(\d+)\b", text)]


def nodes(count: int, *, words: str = "", key: str = "") -> Delivery:
    """Return a delivery of so many nodes that are down, each with `words` of its own."""
    return a_delivery(
        *(
            an_alert(
                "NodeDown",
                "warning",
                instance=f"node-{number}",
                notes={"summary": "down", "description": f"{number}: {words}"} if words else {},
            )
            for number in range(count)
        ),
        key=key,
        template="apart",
    )
