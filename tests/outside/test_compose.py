"""compose.yaml, as far as it can be held without an engine: it was never started. It is read, and agrees with
the Dockerfile, the settings and their table.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.outside.test_container import rests, variables
from userlane.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARDS = [name for name, service in SERVICES.items() if "build" in service]
CADDYFILE: str = COMPOSE["configs"]["caddyfile"]["content"]


def test_there_are_two_dashboards_of_this_image_that_differ_in_their_cache_only() -> None:
    assert len(DASHBOARDS) == 2
    one, other = (dict(SERVICES[name]) for name in DASHBOARDS)
    assert one.pop("volumes") != other.pop("volumes")
    assert one == other
    assert one["build"] == "."
    for name in DASHBOARDS:
        (volume,) = SERVICES[name]["volumes"]
        kept, _, place = volume.partition(":")
        assert place == variables()["USERLANE_STORE_CACHE"]
        assert kept in COMPOSE["volumes"]


def test_what_a_dashboard_is_given_is_what_it_reads_and_the_table_of_settings_has() -> None:
    given: dict[str, str] = SERVICES[DASHBOARDS[0]]["environment"]
    settings = Settings.read({"USERLANE_STORE": given["USERLANE_STORE"]})
    assert settings.store_url == given["USERLANE_STORE"]
    host, _, port = (
        given["USERLANE_STORE"].partition("endpoint_override=")[2].partition("&")[0].partition(":")
    )
    assert (host in SERVICES, port) == (True, "9000")
    table = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in given if not name.startswith("AWS_") and f"`{name}`" not in table] == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_read_only_and_has_no_powers(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version_and_no_secret_is_written_down(name: str) -> None:
    service = SERVICES[name]
    if "build" not in service:
        assert re.search(r":[A-Za-z.]*\d+[.-]\d+", service["image"])
    for variable, value in service.get("environment", {}).items():
        if re.search("SECRET|PASSWORD|KEY|USER$|MC_HOST", variable):
            assert re.sub(r"\$\{\w+:\?[^}]+\}", "", value) in {"", "http://:@storage:9000"}


def test_each_service_that_stays_tells_its_health_and_starts_after_what_it_needs() -> None:
    assert rests("HEALTHCHECK")
    for name, service in SERVICES.items():
        assert name in DASHBOARDS or name == "bucket" or service["healthcheck"]["test"][0] == "CMD"
        for needed, how in service.get("depends_on", {}).items():
            ends = "service_completed_successfully"
            assert how["condition"] == (ends if needed == "bucket" else "service_healthy")


def test_only_the_proxy_is_reached_from_outside_and_only_dashboards_reach_the_storage() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["proxy"]["networks"] == ["outside"]
    assert SERVICES["storage"]["networks"] == ["inside"]


def test_the_proxy_keeps_a_visitor_at_one_dashboard_and_knows_them_all() -> None:
    (port,) = rests("EXPOSE")
    assert f"reverse_proxy {' '.join(f'{name}:{port}' for name in DASHBOARDS)} {{" in CADDYFILE
    assert "lb_policy cookie" in CADDYFILE
    assert "health_uri /healthz" in CADDYFILE
    assert CADDYFILE.count("{") == CADDYFILE.count("}")
    assert ":8080 {" in CADDYFILE
    assert SERVICES["proxy"]["ports"] == ["127.0.0.1:8080:8080"]
