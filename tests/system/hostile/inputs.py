"""Inputs that are made to take time, memory or a token: each of about a given length, by a seed."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

TOKEN = "tok_7Qx2mZ9vK4pL8sR1wT6y"
LONGEST_PASTE = 59_000
LONGEST_FILE = 400_000

_URL = "https://api.userlane.com/v2/8mkyx/nps?from=2026-04-01&to=2026-05-01"
_HEAD = f"curl --request GET \\\n  --url '{_URL}' \\\n"
_REQUEST = f"{_HEAD}  --header 'Authorization: Bearer {TOKEN}'"
_PIECES = (
    " ", "\t", "\n", "\r\n", "\\\n", "^\n", "`\n", "> ", ">> ", "$ ", "# ", "// ", "&amp;", "&#39;",
    "\u00a0", "'", '"', "`", "'''", '"""', "\\", "\\'", '\\"', "''", '""', "$'", "@'\n", '@"\n', "${",
    "$(", "{{", "}}", "(", ")", "((", "[", "]", "{", "}", "<", "&&", "||", ";", ",", ":", "=", "=>", "==",
    "://", "?", "&", "%", "@", "https://", "https://a.userlane.com/", "'https://api.userlane.com/x'",
    '"https://api.userlane.com/x?a=1"', "-H ", "--header ", "-H 'a: b' ", "--data '{}' ", "-d a=b ",
    "curl ", "curl -H ", "GET / HTTP/1.1\n", "Host: ", "a: b\n", "Cookie: a=b; ", "Authorization: ",
    "Bearer ", "token=", '"token": "', "api_key=", "password: ", "a = a + a\n", "x='y';",
    'url = base + "/x"\n', "import requests\n", "requests.get(", "fetch(", "axios.get(", "+ ",
    "eyJhbGciOi", "eyJ.", "\\u0041", "\\x41", "%25", "%C3%A4", "a", "aaaaaaa", "1", "0.", "2026-04-01",
    "\u200b", "é", "😀", '{"a":', '["a",', '"a":1,', "- a\n", "a:\n  ", "&a ", "*a ", "<<: *a\n",
    "openapi: 3.0.0\n", "paths:\n", "```\n", "<?php ", "<html>", "data:", "[1,2,3],", "null,", "true,",
    "-----", "=====", "\0", "\ufeff", "\u202e",
)  # fmt: skip
"""What pasted code is made of, in pieces that some reader might stumble over."""


class Input(NamedTuple):
    """One input: the family it is of, and its content."""

    family: str
    content: bytes


Family = Callable[[random.Random, int], bytes]
"""Makes an input of about so many bytes; a longer one of the same seed is more of the same."""


def make_inputs(families: Mapping[str, Family], count: int, longest: int, seed: int) -> Iterator[Input]:
    """Yield `count` inputs, the families in turn, a third of them as long as may be."""
    names = list(families)
    for number in range(count):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - nothing secret
        size = longest if number % 3 == 0 else chance.randrange(200, longest)
        name = names[number % len(names)]
        yield Input(name, families[name](chance, size))


def _repeat(piece: str, size: int) -> str:
    return piece * (size // len(piece.encode()) + 1)


def _fill(pieces: Sequence[str], size: int) -> str:
    return _repeat("".join(pieces), size)


def _choose(chance: random.Random, most: int) -> list[str]:
    return chance.choices(_PIECES, k=chance.randint(1, most))


def _paste_of_one(chance: random.Random, size: int) -> bytes:
    return _fill(_choose(chance, 1), size).encode()


def _paste_of_few(chance: random.Random, size: int) -> bytes:
    return _fill(_choose(chance, 5), size).encode()


def _paste_of_many(chance: random.Random, size: int) -> bytes:
    return "".join(chance.choices(_PIECES, k=size // 4))[:size].encode()


def _paste_between(chance: random.Random, size: int) -> bytes:
    """A request with much of something before, within or behind it."""
    filling = _fill(_choose(chance, 3), size - len(_REQUEST))
    place = chance.choice([0, len("curl"), len(_HEAD) - 4, len(_HEAD), len(_REQUEST)])
    return f"{_REQUEST[:place]}{filling}{_REQUEST[place:]}".encode()


def _paste_in_turns(chance: random.Random, size: int) -> bytes:
    """Much of one thing, then as much of others: where a search begins anew at each of the first."""
    pieces = _choose(chance, 4)
    return "".join(_repeat(piece, size // len(pieces)) for piece in pieces).encode()


def _paste_of_variables(chance: random.Random, size: int) -> bytes:
    """Names that are put together of names."""
    forms = chance.choice(
        ["{0} = {1} + {1}\n", "const {0} = `${{{1}}}${{{1}}}`;\n", '{0}="${1}${1}"\n', '${0} = "${1}${1}"\n']
    )
    lines = ["v0 = 'https://api.userlane.com/'\n"]
    lines += [forms.format(f"v{i + 1}", f"v{i}") for i in range(size // 20)]
    return "".join(
        [*lines, f"requests.get(v{len(lines) - 1}, headers={{'Authorization': 'Bearer {TOKEN}'}})"]
    ).encode()


def _paste_of_many_requests(chance: random.Random, size: int) -> bytes:
    form = chance.choice([
        "curl 'https://api.userlane.com/{}/nps'\n",
        "fetch('https://api.userlane.com/{}/nps')\n",
        "GET /{}/nps HTTP/1.1\nHost: api.userlane.com\n\n",
        "-H 'X-{}: a' ",
        "'https://api.userlane.com/nps?p{}=1&'\n",
    ])  # fmt: skip
    return "".join(["curl "] + [form.format(i) for i in range(size // len(form))]).encode()


def _refer(number: int) -> dict[str, list[dict[str, str]]]:
    return {"allOf": [{"$ref": f"#/components/schemas/s{number}"}] * 2}


def _paste_of_document(chance: random.Random, size: int) -> bytes:
    """HAR, Postman and OpenAPI, deep, wide or broken."""
    entry = {
        "request": {
            "method": "GET",
            "url": "https://api.userlane.com/nps",
            "headers": [{"name": "a", "value": TOKEN}],
        }
    }
    many = size // 120
    document: object = chance.choice([
        {"log": {"entries": [entry] * many}},
        {"info": {"schema": "postman"}, "item": [{"item": [entry] * many}]},
        {"openapi": "3.0.0", "servers": [{"url": "/"}], "paths": {f"/p{i}": {} for i in range(many)}},
        {"openapi": "3.0", "paths": {"/nps": {"get": {"parameters": [{"name": "p", "in": "query"}] * many}}}},
        {"openapi": "3.0.0", "paths": {"/nps": {"get": {"$ref": "#/paths/~1nps/get"}}}, "x": "y" * size},
        {"openapi": "3.0", "components": {"schemas": {f"s{i}": _refer(i + 1) for i in range(many)}}},
    ])  # fmt: skip
    text = json.dumps(document)
    if chance.random() < 0.3:
        return text[:-1].encode()
    return f"Some words\n```json\n{text}\n```\n".encode() if chance.random() < 0.3 else text.encode()


def _paste_of_yaml(chance: random.Random, size: int) -> bytes:
    head = "openapi: 3.0.0\ninfo: {title: a}\n"
    body = chance.choice([
        "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}, *a{i}]\n" for i in range(size // 35)),
        "paths:\n" + "".join(f"  /p{i}:\n    get: {{}}\n" for i in range(size // 24)),
        _repeat("- ", size),
        _repeat("{a: ", size),
        _repeat("[", size),
        "".join(f"{' ' * i}a:\n" for i in range(int((2 * size) ** 0.5))),
        "x: " + _repeat("'a' ", size),
        "x: |\n" + _repeat("  a\n", size),
        _repeat("? ", size),
        _repeat("!!python/object/apply:os.system ['x']\n", size),
    ])  # fmt: skip
    return (head + body)[: max(size, 100)].encode()


PASTES: Mapping[str, Family] = {
    "one piece": _paste_of_one,
    "few pieces": _paste_of_few,
    "many pieces": _paste_of_many,
    "around a request": _paste_between,
    "in turns": _paste_in_turns,
    "variables": _paste_of_variables,
    "many requests": _paste_of_many_requests,
    "document": _paste_of_document,
    "YAML": _paste_of_yaml,
}


def _csv_of_pieces(chance: random.Random, size: int) -> bytes:
    pieces = chance.choices(
        [",", ";", "\t", '"', '""', "\n", "\r", "a", "7", " ", '"\n",', "é", "😀", "=", "'"],
        k=chance.randint(1, 4),
    )
    return ("id,name\n" * chance.randint(0, 1) + _fill(pieces, size)).encode()


def _csv_wide(chance: random.Random, size: int) -> bytes:
    column = chance.choice([",", ";", "\t", ",c", ';"a"', ',"a\nb"', ",name", ",id"])
    return ("id,name" + _repeat(column, size) + chance.choice(["", "\n", "\n7,Save\n"])).encode()


def _csv_long_lines(chance: random.Random, size: int) -> bytes:
    return ("id,name\n7," + _repeat(chance.choice(["x", ",", '"a\nb",', '"",', " ", '"']), size)).encode()


def _csv_of_rows(chance: random.Random, size: int) -> bytes:
    width = chance.choice([2, 2, 20, 499])
    row = chance.choice(["{0},n{0}\n", "7,n{0}\n", "7,n\n", "\n", ",\n", '"{0}","a\nb"\n', "{0}\n"])
    rows = "".join(row.format(i) for i in range(size // len(row)))
    return ("id,name" + ",c" * (width - 2) + "\n" + rows).encode()


def _csv_encoded(chance: random.Random, size: int) -> bytes:
    text = "id,name\n" + _repeat("7,Größe\n", size // 2)
    head = chance.choice(
        [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\0", b"sep=;\n"]
    )
    return head + text.encode(chance.choice(["utf-8", "utf-16-le", "utf-16-be", "cp1252", "utf-32-le"]))


CSVS: Mapping[str, Family] = {
    "pieces": _csv_of_pieces,
    "wide": _csv_wide,
    "long lines": _csv_long_lines,
    "rows": _csv_of_rows,
    "encoded": _csv_encoded,
}

_RECORD = '{"id":{0},"score":9,"timestamp":"2026-04-01T00:00:00Z"}'


def _json_of_pieces(chance: random.Random, size: int) -> bytes:
    pieces = [
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        " ",
        "\n",
        ",",
        '{"a":1}',
        "1 ",
        '""',
        '{"data":[]}',
        "[",
        "{",
        '{"a":',
        "\ufeff",
        "null,",
        "NaN,",
        "[" + "1" * 4_000 + "]",
    ]
    return (
        chance.choice(["", "[", '{"data":[', '{"a":['])
        + _fill(chance.choices(pieces, k=chance.randint(1, 3)), size)
    ).encode()


def _json_of_keys(chance: random.Random, size: int) -> bytes:
    """Records with many keys: different ones, ones that differ in blanks alone, nested ones."""
    key = chance.choice(["k{0}", "s c o r e{1}", "id{1}", "user{1}.id", "t o t a l{1}", "\\u00e4{0}"])
    pairs = [f'"{key.format(i, " " * (i % 500) + "_" * (i // 500))}":{i % 10}' for i in range(size // 24)]
    first = _RECORD.replace("{0}", "1")[:-1]
    forms: list[Callable[[], str]] = [
        lambda: f"[{first},{','.join(pairs)}}}]",
        lambda: "[" + ",".join(f"{first},{pair}}}" for pair in pairs[: size // 70]) + "]",
        lambda: "[" + ",".join(f"[{first},{pair}}}]" for pair in pairs[: size // 70]) + "]",
        lambda: f"[{first},{','.join(pairs[: len(pairs) // 2])}}}" + ",{}" * (size // 6) + "]",
        lambda: f'{{{",".join(pairs)},"data":[{first}}}]}}',
        lambda: f'[{first},"a":{{{",".join(pairs)}}}}}]',
    ]
    return chance.choice(forms)().encode()


def _json_of_records(chance: random.Random, size: int) -> bytes:
    record = chance.choice([
        _RECORD,
        '{"score":"x","timestamp":"2026-04-01"}',
        '{"score":9,"timestamp":"never {0}"}',
        '{"score":9,"timestamp":{0}}',
        '{"score":9,"timestamp":"9999-12-31T23:59:59Z"}',
        '{"score":9,"timestamp":"0001-01-01"}',
        '{"score":9,"timestamp":"2026-04-01","surveyId":"s{0}"}',
        '{"score":9,"timestamp":"2026-04-01","comment":"\\ud83d\\ude00"}',
        "[{0}]",
        "{}",
        '{"data":[]}',
        f"[{_RECORD}]",
    ])  # fmt: skip
    joined = chance.choice([",", "\n", ""]).join(
        record.replace("{0}", str(i)) for i in range(size // len(record))
    )
    return (f"[{joined}]" if chance.random() < 0.6 else joined).encode()


def _json_deep(chance: random.Random, size: int) -> bytes:
    depth = chance.choice([size // 8, 900, 300])
    opened, closed = chance.choice([("[", "]"), ('{"data":', "}"), ('[{"a":', "}]")])
    return (opened * depth + "1" + closed * depth + chance.choice(["", "[]" * 1_000])).encode()


def _json_encoded(chance: random.Random, size: int) -> bytes:
    text = json.dumps(
        [{"id": i, "score": 9, "timestamp": "2026-04-01", "comment": "😀é\0"} for i in range(size // 80)]
    )
    return text.encode(chance.choice(["utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252"]), "replace")[
        : -chance.randint(1, 2)
    ]


JSONS: Mapping[str, Family] = {
    "pieces": _json_of_pieces,
    "keys": _json_of_keys,
    "records": _json_of_records,
    "deep": _json_deep,
    "encoded": _json_encoded,
}
