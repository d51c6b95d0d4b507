"""The part of the custom resources' schemas that our manifests use: unknown keys are mistakes.

Field names are those of prometheus-operator and of the VictoriaMetrics operator.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Duration = Annotated[str, Meta(pattern=r"^(\d+(ms|[smhdwy]))+$")]
Url = Annotated[str, Meta(pattern=r"^https?://")]


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    pass


class StrictSnake(Struct, forbid_unknown_fields=True):
    pass


class Metadata(Strict):
    name: str
    labels: dict[str, str] = {}


class Selector(Strict):
    match_labels: dict[str, str]


class Endpoint(Strict):
    port: str
    path: str
    interval: Duration


class ServiceMonitorSpec(Strict):
    selector: Selector
    endpoints: list[Endpoint]


class ServiceMonitor(Strict):
    api_version: Literal["monitoring.coreos.com/v1"]
    kind: Literal["ServiceMonitor"]
    metadata: Metadata
    spec: ServiceMonitorSpec


class RuleLabels(Strict):
    severity: Literal["critical", "warning"]


class RuleAnnotations(Strict):
    summary: str
    description: str


class Rule(StrictSnake):
    alert: Annotated[str, Meta(pattern="^AlertmanagerDingTalk[A-Z]")]
    expr: str
    labels: RuleLabels
    annotations: RuleAnnotations
    for_: Duration | None = msgspec.field(name="for", default=None)


class RuleGroup(Strict):
    name: str
    rules: list[Rule]


class PrometheusRuleSpec(Strict):
    groups: list[RuleGroup]


class PrometheusRule(Strict):
    api_version: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: PrometheusRuleSpec


class KeyOfSecret(Strict):
    name: str
    key: str


class Authorization(Strict):
    credentials: KeyOfSecret


class BasicAuth(Strict):
    username: KeyOfSecret
    password: KeyOfSecret


class FromSecret(Strict):
    secret: KeyOfSecret


class Tls(Strict):
    """Both operators write it so, also the one that has underscores elsewhere."""

    ca: FromSecret
    cert: FromSecret | None = None
    key_secret: KeyOfSecret | None = None


class CamelHttp(Strict):
    follow_redirects: bool
    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None
    tls_config: Tls | None = None


class SnakeHttp(StrictSnake):
    follow_redirects: bool
    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None
    tls_config: Tls | None = None


class CamelWebhook(Strict):
    url: Url
    send_resolved: bool
    http_config: CamelHttp


class SnakeWebhook(StrictSnake):
    url: Url
    send_resolved: bool
    http_config: SnakeHttp


class CamelEmail(Strict):
    to: str
    from_: str = msgspec.field(name="from")
    smarthost: str
    auth_username: str
    auth_password: KeyOfSecret


class SnakeEmail(StrictSnake):
    to: str
    from_: str = msgspec.field(name="from")
    smarthost: str
    auth_username: str
    auth_password: KeyOfSecret


class Matcher(Strict):
    name: str
    match_type: Literal["=", "!=", "=~", "!~"]
    value: str


class CamelRoute(Strict):
    receiver: str
    group_by: list[str] = []
    matchers: list[Matcher] = []
    routes: list[CamelRoute] = []


class SnakeRoute(StrictSnake):
    receiver: str
    group_by: list[str] = []
    matchers: list[str] = []
    routes: list[SnakeRoute] = []


class CamelReceiver(Strict):
    name: str
    webhook_configs: list[CamelWebhook] = []
    email_configs: list[CamelEmail] = []


class SnakeReceiver(StrictSnake):
    name: str
    webhook_configs: list[SnakeWebhook] = []
    email_configs: list[SnakeEmail] = []


class AlertmanagerConfigSpec(Strict):
    route: CamelRoute
    receivers: list[CamelReceiver]


class AlertmanagerConfig(Strict):
    api_version: Literal["monitoring.coreos.com/v1alpha1"]
    kind: Literal["AlertmanagerConfig"]
    metadata: Metadata
    spec: AlertmanagerConfigSpec


class VMAlertmanagerConfigSpec(Strict):
    route: SnakeRoute
    receivers: list[SnakeReceiver]


class VMAlertmanagerConfig(Strict):
    api_version: Literal["operator.victoriametrics.com/v1beta1"]
    kind: Literal["VMAlertmanagerConfig"]
    metadata: Metadata
    spec: VMAlertmanagerConfigSpec


SCHEMAS: dict[str, Any] = {
    schema.__name__: schema
    for schema in (ServiceMonitor, PrometheusRule, AlertmanagerConfig, VMAlertmanagerConfig)
}
"""The schema of each kind."""
