"""What the server says without a browser."""

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/nps", "/healthz", "/_stcore/health", "/static/nothing", "/nowhere"])
def test_every_answer_carries_the_security_headers(sample_dashboard: str, path: str) -> None:
    """Nothing foreign may be loaded, framed or sniffed, whatever is asked for."""
    headers = httpx.get(sample_dashboard + path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert "unsafe-eval" not in policy["script-src"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_health_check_answers_in_its_body(sample_dashboard: str) -> None:
    """An unknown path gives 200 as well, so only the body tells whether the server is well."""
    answer = httpx.get(f"{sample_dashboard}/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert httpx.get(f"{sample_dashboard}/nowhere").text != answer.text


def test_metrics_of_the_server_are_not_public(sample_dashboard: str) -> None:
    """What a monitoring system would read is no visitor's business."""
    answer = httpx.get(f"{sample_dashboard}/_stcore/metrics")
    assert "# TYPE" not in answer.text


def test_a_page_of_another_origin_cannot_talk_to_the_app(sample_dashboard: str) -> None:
    """A web socket opened by a foreign site is refused."""
    headers = {
        "Origin": "https://elsewhere.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert httpx.get(f"{sample_dashboard}/_stcore/stream", headers=headers).status_code == 403
    own = headers | {"Origin": sample_dashboard}
    with httpx.stream("GET", f"{sample_dashboard}/_stcore/stream", headers=own) as answer:
        assert answer.status_code == 101
