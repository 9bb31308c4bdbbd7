"""Tokens are cleaned and stay secret; connections tell whose rows are whose."""

import copy
import pickle
from dataclasses import replace

import msgspec
import pytest

from userlane.contract import ASSUMED, Auth, Connection, Token
from userlane.errors import TokenUnusable


@pytest.mark.parametrize(
    "pasted",
    [
        "abc-123",
        "  abc-123\n",
        "\u00a0abc-123\u200b",
        '"abc-123"',
        "Bearer abc-123",
        "Authorization: Bearer abc-123",
        "token abc-123",
        "'Bearer  abc-123' ",
        "abc-\n123",
    ],
)
def test_what_people_paste_around_a_token_is_taken_off(pasted: str) -> None:
    assert Token(pasted).header("Bearer") == "Bearer abc-123"
    assert Token(pasted).header("") == "abc-123"


@pytest.mark.parametrize("pasted", ["", "  ", '""', "tökén", "abc\x07"])
def test_what_cannot_be_a_token_is_refused_without_repeating_it(pasted: str) -> None:
    with pytest.raises(TokenUnusable) as caught:
        Token(pasted)
    assert "kén" not in str(caught.value)


def test_a_token_cannot_be_printed_or_serialised() -> None:
    token = Token("made-up-wxyz")
    assert "wxyz" not in f"{token!r} {token} {[token]} {token.fingerprint}"
    for serialise in (pickle.dumps, copy.deepcopy, msgspec.json.encode):
        with pytest.raises(TypeError):
            serialise(token)


def test_tokens_are_equal_by_their_text() -> None:
    assert Token("a") == Token(" a ")
    assert len({Token("a"), Token("a"), Token("b")}) == 2
    assert Token("a") != "a"


def test_the_scope_changes_with_each_part_of_a_connection_and_shows_none() -> None:
    connection = Connection("https://api.example.com", Token("made-up-wxyz"))
    others = [
        replace(connection, base_url="https://other.example.com"),
        replace(connection, token=Token("another")),
        replace(connection, profile=msgspec.structs.replace(ASSUMED, auth=Auth("X-Token", ""))),
    ]
    assert len({connection.scope, *(other.scope for other in others)}) == 4
    assert connection.scope == Connection("https://api.example.com", Token("made-up-wxyz")).scope
    assert "wxyz" not in f"{connection!r}{connection.scope}"
