"""What can go wrong, and where it is tried.

Each row names its faults. Those of the first four sections are tried by this package: a test says with
`covers` which it tries. The others are tried where the code they are about is tested.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what goes wrong in it, fault by fault."""

    section: str
    title: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A row that other tests try; `modules` are paths within `tests/`."""

    section: str
    title: str
    modules: tuple[str, ...]


ROWS = (
    Row("Token and access", "the token is rejected at the first page", ("401 at once",)),
    Row("Token and access", "the token is rejected midway", ("401 midway",)),
    Row(
        "Token and access",
        "a right, a property or a survey is missing",
        ("403", "404 property", "404 survey"),
    ),
    Row(
        "Token and access",
        "a pasted token brings its wrapping along",
        (
            "token with spaces",
            "token with a newline",
            "token with NBSP",
            "token with zero-width signs",
            "token in quotes",
            "token after Bearer",
            "token not ASCII",
        ),
    ),
    Row("Token and access", "two users ask the same", ("two users", "second user refused")),
    Row("Token and access", "a token is revoked while its rows are stored", ("token revoked",)),
    Row(
        "Transport",
        "the API asks to wait",
        ("429 in seconds", "429 until a date", "429 without a time"),
    ),
    Row("Transport", "the API asks to wait longer than the load may take", ("429 too long", "503 too long")),
    Row(
        "Transport",
        "a failure that may pass",
        (
            "500",
            "502",
            "503",
            "504",
            "refused",
            "hung up",
            "reset before the answer",
            "reset mid-head",
            "reset mid-body",
            "truncated body",
            "truncated chunks",
            "truncated gzip",
            "broken gzip",
            "Content-Length too long",
            "not HTTP",
            "an answer nobody asked for",
        ),
    ),
    Row(
        "Transport",
        "an answer that never ends",
        ("dripping body", "headers never come", "dripping headers", "Content-Length never reached"),
    ),
    Row("Transport", "an answer too large", ("gzip bomb", "endless body", "bombs in memory")),
    Row(
        "Transport",
        "the API points elsewhere",
        ("redirect 301", "redirect 302", "redirect 307", "redirect 308"),
    ),
    Row("Transport", "no data in a good answer", ("web page", "empty body", "204", "packed otherwise")),
    Row(
        "Transport",
        "a certificate that cannot be trusted",
        ("certificate unknown", "certificate expired", "certificate of another host"),
    ),
    Row(
        "Payload",
        "an answer that is no list of records",
        (
            "invalid JSON",
            "JSON cut short",
            "Content-Length too short",
            "wrong envelope",
            "a single record",
            "a list of other things",
            "nested without end",
            "error with 200",
            "error with 200 and no rows",
            "failure flag with 200 and no rows",
            "data: null",
        ),
    ),
    Row(
        "Payload",
        "records without a required field",
        ("required field missing", "required field in no record"),
    ),
    Row(
        "Payload",
        "scores in other forms",
        ('score "9"', "score 9.0", "score 9.5", "score true", 'score ""'),
    ),
    Row(
        "Payload",
        "scores that are none",
        ("NaN", "Infinity", "NPS 11 and −1", "survey 0 and 6", "HEART 101"),
    ),
    Row("Payload", "a HEART letter that was not measured", ("HEART letter null",)),
    Row(
        "Payload",
        "times in other forms",
        ("mixed offsets", "naive times", "epoch seconds", "epoch milliseconds", "unparsable time"),
    ),
    Row("Payload", "IDs of every kind", ("numeric IDs", "text IDs", "IDs over 2⁵³")),
    Row(
        "Payload",
        "texts and fields nobody expects",
        (
            "unknown fields",
            "BOM",
            "emoji, RTL, NUL",
            "a comment of 5 MB",
            "HTML, Markdown, links",
        ),
    ),
    Row("Payload", "hardly any rows", ("zero rows", "one row")),
    Row("Paging", "exactly a multiple of the limit", ("exact multiple",)),
    Row("Paging", "the server caps the limit", ("lower cap", "pages of any size")),
    Row("Paging", "the page number is ignored", ("page ignored",)),
    Row("Paging", "pages without end", ("endless pages",)),
    Row("Paging", "pages count from 0", ("page base 0",)),
    Row(
        "Paging",
        "rows change while they are fetched",
        (
            "rows added once",
            "rows removed once",
            "rows added again and again",
            "rows removed again and again",
        ),
    ),
    Row("Paging", "one page fails for ever", ("page n fails for ever", "several windows", "several faults")),
    Row("Paging", "the declared total is another", ("total declared higher", "total declared lower")),
)

ELSEWHERE = (
    Elsewhere(
        "Uploads", "files in every encoding and form", ("test_uploads.py", "test_lookups.py", "test_saved.py")
    ),
    Elsewhere("Downloads", "formula cells, marks, file names", ("test_export.py", "test_spreadsheet.py")),
    Elsewhere("Disk and process", "kill, full disk, two processes", ("store",)),
    Elsewhere(
        "Disk and process",
        "a closed tab, a double click",
        ("fetch/test_background.py", "browser/test_loading.py"),
    ),
    Elsewhere(
        "Network surface",
        "addresses, hosts, IDs",
        ("test_settings.py", "contract/test_hosts.py", "contract/test_query.py"),
    ),
    Elsewhere(
        "Network surface", "foreign origins, headers, metrics", ("test_surface.py", "browser/test_server.py")
    ),
    Elsewhere(
        "On screen",
        "text that is inert, two users in browsers",
        ("browser/test_inert.py", "browser/test_isolation.py"),
    ),
)


def faults() -> Iterator[str]:
    """Every single fault that this package tries, in order."""
    for row in ROWS:
        yield from row.faults
