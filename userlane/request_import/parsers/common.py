"""Values as far as code writes them out; what only running it would tell is `UNWRITTEN`.

Whatever the code does with its variables, no value grows beyond `LONGEST`.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

UNWRITTEN = "<not written out>"
LONGEST = 20_000


def text(value: Any) -> str:
    """A text or a number as it would travel; anything else is not written out.

    >>> text(1000), text(True), text(["a"])
    ('1000', 'true', '<not written out>')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else UNWRITTEN


def joined(parts: Iterable[Any]) -> str:
    """What concatenation gives."""
    whole = "".join(map(text, parts))
    return whole if len(whole) <= LONGEST else UNWRITTEN


def pairs(value: Any) -> list[tuple[str, str]]:
    """Names and values of a dictionary or of a list of pairs, several values of one name one by one; what is
    None does not travel.

    >>> pairs({"page": 1, "tag": ["a", "b"], "sort": None})
    [('page', '1'), ('tag', 'a'), ('tag', 'b')]
    """
    items = value.items() if isinstance(value, dict) else value if isinstance(value, list) else ()
    couples = [pair for pair in items if isinstance(pair, tuple | list) and len(pair) == 2]
    return [
        (text(name), text(each))
        for name, values in couples
        for each in (values if isinstance(values, list) else [values])
        if each is not None
    ]


def query(parameters: Any) -> str:
    """Parameters as they stand in an address: a text as it is, a dictionary or pairs encoded."""
    if isinstance(parameters, str):
        return "" if parameters == UNWRITTEN else parameters.lstrip("?")
    return urlencode(pairs(parameters))


def with_parameters(url: str, parameters: Any) -> str:
    """`url` with `parameters` added to its query.

    >>> with_parameters("https://a.example/nps?x=1", {"page": 1})
    'https://a.example/nps?x=1&page=1'
    """
    added = query(parameters)
    if not added:
        return url
    url = url.partition("#")[0]
    return url + ("" if url.endswith(("?", "&")) else "&" if "?" in url else "?") + added
