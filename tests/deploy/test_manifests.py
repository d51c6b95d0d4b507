"""Each overlay builds, each object is valid, and the pod is as locked up as the docs say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import kubernetes_validate
import msgspec
import pytest
import yaml

from adapter import __version__, config
from adapter.serving import ServingOptions
from deploy.custom_resources import SCHEMAS
from support.kustomize import K8S, Manifest, container, kustomize, one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OVERLAYS: Final = {
    "base": K8S / "base",
    **{folder.name: folder for folder in sorted((K8S / "overlays").iterdir())},
}
VERSIONS: Final = ("1.27", "1.32", "1.37")
COMPONENTS: Final = sorted(folder.name for folder in (K8S / "components").iterdir())

LABEL: Final = {"app.kubernetes.io/name": "alertmanager-dingtalk"}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Manifest]:
    return kustomize(OVERLAYS[request.param])


@pytest.fixture
def with_component(tmp_path: Path) -> Callable[[str, str], list[Manifest]]:
    """Build a user's own overlay: one of ours and a component."""

    def build(base: str, name: str) -> list[Manifest]:
        def way(folder: Path) -> str:
            return os.path.relpath(folder, tmp_path.resolve())

        text = {"resources": [way(OVERLAYS[base])], "components": [way(K8S / "components" / name)]}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(text))
        return kustomize(tmp_path.resolve())

    return build


def pod_of(objects: list[Manifest]) -> Manifest:
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    assert isinstance(pod, dict)
    return pod


def validate(objects: list[Manifest], versions: tuple[str, ...] = VERSIONS) -> None:
    for each in objects:
        schema = SCHEMAS.get(each["kind"])
        if schema is not None:
            msgspec.convert(each, schema)
            continue
        for version in versions:
            kubernetes_validate.validate(each, version, strict=True)


def test_every_object_is_valid(overlay: list[Manifest]) -> None:
    validate(overlay)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_fits_on_every_overlay_that_lacks_it(
    name: str, with_component: Callable[[str, str], list[Manifest]]
) -> None:
    for base in OVERLAYS:
        if base != "full":
            validate(with_component(base, name), VERSIONS[-1:])


def test_a_misspelt_key_would_be_found() -> None:
    deployment = one(kustomize(OVERLAYS["base"]), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullpolicy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError, match="imagePullpolicy"):
        validate([deployment])
    monitor = one(kustomize(OVERLAYS["full"]), "ServiceMonitor")
    monitor["spec"]["endpoints"][0]["Interval"] = "30s"
    with pytest.raises(msgspec.ValidationError, match="Interval"):
        validate([monitor])


def test_the_pod_may_do_nothing_but_serve(overlay: list[Manifest]) -> None:
    pod, adapter = pod_of(overlay), container(overlay)
    assert pod["automountServiceAccountToken"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 65532
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert adapter["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_secrets_are_files_that_others_cannot_read(overlay: list[Manifest]) -> None:
    adapter = container(overlay)
    assert "env" not in adapter
    assert "envFrom" not in adapter
    [volume] = [volume for volume in pod_of(overlay)["volumes"] if "secret" in volume]
    assert volume["secret"] == {"secretName": "alertmanager-dingtalk", "defaultMode": 0o440}
    assert not [each for each in overlay if each["kind"] == "Secret"]


def test_what_is_mounted_is_what_there_is(overlay: list[Manifest]) -> None:
    mounted = {mount["name"] for mount in container(overlay)["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod_of(overlay)["volumes"]}


def test_probes_ask_what_they_mean(overlay: list[Manifest]) -> None:
    adapter = container(overlay)
    paths = {
        name: adapter[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")
    }
    assert paths == {
        "startup": {"path": "/-/healthy", "port": "http"},
        "readiness": {"path": "/-/ready", "port": "http"},
        "liveness": {"path": "/-/healthy", "port": "http"},
    }


def test_the_grace_period_is_long_enough(overlay: list[Manifest]) -> None:
    stop = container(overlay)["lifecycle"]["preStop"]["exec"]["command"]
    assert stop[0] == "sleep"
    drain = ServingOptions(host="", port=0).graceful_timeout.total_seconds()
    grace = pod_of(overlay)["terminationGracePeriodSeconds"]
    assert grace >= float(stop[1]) + drain + 5


def test_requests_stay_below_limits(overlay: list[Manifest]) -> None:
    resources = container(overlay)["resources"]
    assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


def test_every_selector_means_this_pod_and_no_other(overlay: list[Manifest]) -> None:
    deployment = one(overlay, "Deployment")
    assert deployment["spec"]["selector"]["matchLabels"] == LABEL
    assert LABEL.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    for each in overlay:
        if each["kind"] == "Service":
            assert each["spec"]["selector"] == LABEL
        if each["kind"] in {"PodDisruptionBudget", "ServiceMonitor"}:
            assert each["spec"]["selector"]["matchLabels"] == LABEL
        if each["kind"] == "NetworkPolicy":
            assert each["spec"]["podSelector"]["matchLabels"] == LABEL


def test_the_service_reaches_the_port_of_the_container(overlay: list[Manifest]) -> None:
    [port] = container(overlay)["ports"]
    [served] = one(overlay, "Service")["spec"]["ports"]
    assert (served["port"], served["targetPort"]) == (port["containerPort"], port["name"])
    assert LABEL.items() <= one(overlay, "Service")["metadata"]["labels"].items()


def test_the_configuration_keeps_its_name(overlay: list[Manifest]) -> None:
    [volume] = [volume for volume in pod_of(overlay)["volumes"] if "configMap" in volume]
    assert one(overlay, "ConfigMap", volume["configMap"]["name"])["data"]["config.yml"]


def test_the_image_is_of_this_version(overlay: list[Manifest]) -> None:
    assert container(overlay)["image"] == f"alertmanager-dingtalk:{__version__}"


def test_the_network_lets_in_who_alerts_and_scrapes_and_out_what_is_needed(
    overlay: list[Manifest],
) -> None:
    policy = one(overlay, "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    [ingress] = policy["ingress"]
    [peer] = ingress["from"]
    [expression] = peer["podSelector"]["matchExpressions"]
    assert {"alertmanager", "prometheus", "grafana"} <= set(expression["values"])
    shared = one(overlay, "Deployment")["spec"]["replicas"] > 1
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 9093} | ({5432} if shared else set())


def test_a_configuration_is_valid_and_keeps_its_data_where_it_may_write(
    overlay: list[Manifest], tmp_path: Path
) -> None:
    path = tmp_path / "config.yml"
    path.write_text(one(overlay, "ConfigMap")["data"]["config.yml"])
    settings = config.load(path, environ={}, skip_secrets=True)
    assert settings.server.auth.bearer_tokens
    assert not settings.warnings
    mounts = {mount["mountPath"]: mount["name"] for mount in container(overlay)["volumeMounts"]}
    if one(overlay, "Deployment")["spec"]["replicas"] > 1:
        assert settings.storage.postgresql is not None
        assert "/data" not in mounts
    else:
        assert settings.storage.postgresql is None
        assert mounts[str(settings.storage.path.parent)] == "data"


def test_one_replica_is_stopped_before_the_next_starts() -> None:
    for name in "base", "no-volume":
        spec = one(kustomize(OVERLAYS[name]), "Deployment")["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_replicas_are_spread_and_never_all_away() -> None:
    objects = kustomize(OVERLAYS["ha"])
    spec = one(objects, "Deployment")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    assert {rule["topologyKey"] for rule in spread} >= {"kubernetes.io/hostname"}
    assert one(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert "PersistentVolumeClaim" not in {each["kind"] for each in objects}


def test_without_a_volume_nothing_persists() -> None:
    objects = kustomize(OVERLAYS["no-volume"])
    assert "PersistentVolumeClaim" not in {each["kind"] for each in objects}
    [data] = [volume for volume in pod_of(objects)["volumes"] if volume["name"] == "data"]
    assert data.keys() == {"name", "emptyDir"}


def test_full_is_replicas_and_monitoring() -> None:
    kinds = {each["kind"] for each in kustomize(OVERLAYS["full"])}
    assert {"PodDisruptionBudget", "ServiceMonitor", "PrometheusRule"} <= kinds


def test_the_other_adapters_service_is_served(
    with_component: Callable[[str, str], list[Manifest]],
) -> None:
    objects = with_component("base", "replace-prometheus-webhook-dingtalk")
    service = one(objects, "Service", "alertmanager-webhook-dingtalk")
    assert {port["port"] for port in service["spec"]["ports"]} == {80, 8060}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == {"http"}
    assert service["spec"]["selector"] == LABEL
