"""OpenAPI documents, HAR files and Postman collections say what a request says, and more."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane.contract import Auth, DatasetName
from userlane.errors import RequestUnusable
from userlane.request_import import ImportResult, import_request, read
from userlane.request_import.read import find_requests

TOKEN = "qX7made0up4f2a9cZ"
BASE = "https://api.userlane.com/v2"
QUERY = (("von", "2026-04-01"), ("bis", "2026-05-01"), ("page", "0"), ("limit", "500"))


def found(result: ImportResult, item: str) -> str:
    return next(finding.found for finding in result.findings if finding.item == item)


def openapi(**changes: Any) -> dict[str, Any]:
    """A document of two APIs, with references, an envelope, a total and pages from 0."""
    record = {"type": "object", "properties": {"id": {}, "rating_given": {"type": "integer"}, "remark": {}}}
    page = {
        "allOf": [{"properties": {"meta": {"properties": {"total": {"type": "integer"}}}}}],
        "properties": {
            "payload": {
                "properties": {"rows": {"type": "array", "items": {"$ref": "#/components/schemas/R"}}}
            }
        },
    }
    days = [
        {"name": name, "in": "query", "required": True, "schema": {"type": "string", "format": "date"}}
        for name in ("startDate", "endDate")
    ]
    get = {
        "parameters": [
            *days,
            {"$ref": "#/components/parameters/Page"},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 100}},
            {"name": "sort", "in": "query", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}}
        },
    }
    document = {
        "openapi": "3.0.3",
        "servers": [{"url": "https://{host}/v2", "variables": {"host": {"default": "api.userlane.com"}}}],
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-userlane-key"}},
            "parameters": {
                "Page": {"name": "page", "in": "query", "schema": {"type": "integer", "default": 0}}
            },
            "schemas": {"R": record, "P": page},
        },
        "paths": {
            "/properties/{propertyId}/nps": {"get": get},
            "/properties/{propertyId}/heart": {"get": get, "post": {}},
        },
    } | changes
    return dict(json.loads(json.dumps(document)))  # no object twice, of which YAML would make an alias


WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "JSON": json.dumps,
    "JSON, indented": lambda document: json.dumps(document, indent=2),
    "YAML": lambda document: str(yaml.safe_dump(document, sort_keys=False)),
    "YAML, sorted": lambda document: f"---\n{yaml.safe_dump(document)}",
    "Markdown with JSON": lambda document: (
        f"# NPS\n\nReads.\n\n```json\n{json.dumps(document, indent=2)}\n```\n"
    ),
    "Markdown with YAML": lambda document: f"# NPS\n~~~yaml\n{yaml.safe_dump(document)}~~~\nMore.\n",
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("dataset", ["nps", "heart"])
def test_a_document_says_route_header_page_base_and_response(form: str, dataset: DatasetName) -> None:
    result = import_request(WRITTEN[form](openapi()), dataset, "8mkyx")
    assert result.settled
    assert result.route.url == f"{BASE}/properties/{{property_id}}/{dataset}"
    assert (result.route.start, result.route.end, result.route.dates) == ("startDate", "endDate", "date")
    assert (result.route.page, result.route.limit, result.route.first_page) == ("page", "limit", 0)
    assert (result.auth, result.token) == (Auth("x-userlane-key", ""), None)
    assert found(result, "Records") == "under payload.rows"
    assert set(found(result, "Fields").split(", ")) == {"id", "rating_given", "remark"}
    assert found(result, "Total") == "meta.total"
    assert read(WRITTEN[form](openapi()), ["8mkyx"]).redacted


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "bearer"}, Auth("Authorization", "Bearer")),
        ({"type": "oauth2"}, Auth("Authorization", "Bearer")),
        ({"type": "apiKey", "in": "header", "name": "X-Api-Key"}, Auth("X-Api-Key", "")),
        (
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "Bearer, then the token",
            },
            Auth("Authorization", "Bearer"),
        ),
    ],
)
def test_the_way_to_authenticate_is_that_of_the_document(scheme: dict[str, str], auth: Auth) -> None:
    document = openapi()
    document["components"]["securitySchemes"] = {"key": scheme}
    assert import_request(json.dumps(document), "nps", "8mkyx").auth == auth


def test_a_word_before_the_token_that_the_document_leaves_open_is_asked_about() -> None:
    document = openapi()
    document["components"]["securitySchemes"]["key"]["name"] = "Authorization"
    result = import_request(json.dumps(document), "nps", "8mkyx")
    assert [question.role for question in result.questions] == ["scheme"]


def test_a_key_in_the_address_is_refused() -> None:
    document = openapi()
    document["components"]["securitySchemes"]["key"] = {"type": "apiKey", "in": "query", "name": "api_key"}
    with pytest.raises(RequestUnusable, match="api_key"):
        import_request(json.dumps(document), "nps", "8mkyx")


def test_a_swagger_document_is_read_too() -> None:
    document = openapi(swagger="2.0", host="api.userlane.com", basePath="/v2", schemes=["http", "https"])
    del document["openapi"], document["servers"]
    document["securityDefinitions"] = document["components"].pop("securitySchemes")
    result = import_request(json.dumps(document), "nps", "8mkyx")
    assert result.route.url == f"{BASE}/properties/{{property_id}}/nps"


@pytest.mark.parametrize("servers", [[], [{"url": "/v2"}], [{"url": "https://evil.example"}]])
def test_a_document_without_an_allowed_host_is_refused(servers: list[dict[str, str]]) -> None:
    with pytest.raises(RequestUnusable, match="expected"):
        import_request(json.dumps(openapi(servers=servers)), "nps", "8mkyx")


def test_a_document_that_does_not_tell_which_request_it_is_is_refused_with_the_way_out() -> None:
    with pytest.raises(RequestUnusable, match="none of them for Tags") as caught:
        import_request(json.dumps(openapi()), "tags", "8mkyx")
    assert "Shell (cURL)" in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "openapi: 3\npaths: &p\n  /nps: {get: {}}\nmore: *p",
        "openapi: 3\npaths: " + "[" * 5_000,
        "openapi: 3\npaths: " + "{a: " * 5_000,
        "openapi: 3\npaths:\n" + "".join(" " * depth + "- \n" for depth in range(1, 300)),
        "openapi: 3\npaths:\n  ? [a]\n  : b",
        "openapi: !!python/object/apply:os.system ['false']",
        "openapi: 3\npaths: {/nps: {get: {$ref: '#/paths/~1nps/get'}}}\n\tx",
        "openapi: 3\npaths: [1]",
        '{"openapi": "3", "paths": ' + "[" * 5_000,
        "openapi:\n" * 5_000,
    ],
    ids=lambda text: text[:30],
)
def test_a_document_made_to_be_heavy_is_refused(text: str) -> None:
    assert read(text).requests == ()


def test_references_that_lead_in_circles_end() -> None:
    document = openapi()
    document["components"]["schemas"]["P"] = {"$ref": "#/components/schemas/Q"}
    document["components"]["schemas"]["Q"] = {"$ref": "#/components/schemas/P"}
    document["components"]["parameters"]["Page"] = {"$ref": "#/components/parameters/Page"}
    assert len(find_requests(json.dumps(document))) == 2


KEYS = (
    *("openapi", "paths", "get", "parameters", "schema", "name", "in", "servers", "url", "security", "items"),
    *("components", "properties", "responses", "content", "$ref", "log", "entries", "request", "item"),
    *("auth", "header", "query", "value", "key", "variable"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(document=JSON, mark=st.sampled_from(["openapi", "swagger", "log", "item", "x"]))
def test_no_document_breaks_the_readers(document: Any, mark: str) -> None:
    for inner in (
        document,
        {"/nps": document},
        {"entries": [{"request": document}]},
        [{"request": document}],
    ):
        text = json.dumps({mark: inner, "paths": inner})
        assert isinstance(read(text).refusal, str)


def har(*paths: str) -> str:
    entries = [
        {
            "request": {
                "method": "GET",
                "url": f"{BASE}{path}",
                "queryString": [{"name": name, "value": value} for name, value in QUERY],
                "headers": [{"name": ":path", "value": path}, {"name": "X-Api-Key", "value": TOKEN}],
            },
            "response": {"status": 200},
        }
        for path in paths
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=1)


def postman(*paths: str, **auth: Any) -> str:
    items = [
        {
            "name": path,
            "request": {
                "method": "GET",
                "header": [
                    {"key": "Accept", "value": "*/*"},
                    {"key": "X-Old", "value": "1", "disabled": True},
                ],
                "url": {
                    "raw": "{{baseUrl}}" + path + "?" + "&".join(f"{name}={value}" for name, value in QUERY),
                    "variable": [{"key": "property", "value": "8mkyx"}],
                },
            },
        }
        for path in paths
    ]
    variables = [{"key": "baseUrl", "value": BASE}, {"key": "token", "value": TOKEN}]
    return json.dumps({"info": {"name": "x"}, "item": [{"item": items}], "variable": variables, "auth": auth})


BEARER = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}
API_KEY = {
    "type": "apikey",
    "apikey": [{"key": "key", "value": "X-Api-Key"}, {"key": "value", "value": TOKEN}],
}


@pytest.mark.parametrize(
    ("text", "auth"),
    [
        (har("/8mkyx/nps", "/8mkyx/heart", "/8mkyx/nps"), Auth("X-Api-Key", "")),
        (har("/8mkyx/nps"), Auth("X-Api-Key", "")),
        (postman("/:property/nps", "/:property/tags", **BEARER), Auth("Authorization", "Bearer")),
        (postman("/8mkyx/nps", **API_KEY), Auth("X-Api-Key", "")),
    ],
    ids=["HAR, several", "HAR, one", "Postman, several", "Postman, one"],
)
def test_the_request_of_a_collection_is_that_whose_path_speaks_of_the_api(text: str, auth: Auth) -> None:
    result = import_request(text, "nps", "8mkyx")
    assert result.route.url == f"{BASE}/{{property_id}}/nps"
    assert (result.route.start, result.route.end) == ("von", "bis")
    assert (result.auth, result.settled) == (auth, True)
    assert result.token
    assert result.token.header("") == TOKEN
    assert TOKEN not in read(text, ["8mkyx"]).redacted + repr(result)


@pytest.mark.parametrize("text", [har("/8mkyx/nps"), postman("/8mkyx/nps", **BEARER), json.dumps(openapi())])
@pytest.mark.parametrize("cut", [0.5, 0.8, 0.95])
def test_a_file_that_is_cut_off_leaves_no_token(text: str, cut: float) -> None:
    reading = read(text[: int(len(text) * cut)], ["8mkyx"])
    assert TOKEN not in reading.redacted
