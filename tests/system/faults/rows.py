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
    Elsewhere("Uploads", "encodings, delimiters, quoted newlines", ("unit/test_lookups.py",)),
    Elsewhere("Uploads", "equal and conflicting IDs; no total grows", ("unit/test_lookups.py",)),
    Elsewhere("Uploads", "NA, null, 007, 1e5 and 19 digits exact", ("unit/test_lookups.py",)),
    Elsewhere("Uploads", "too wide, too large, a PNG, empty", ("unit/test_lookups.py",)),
    Elsewhere("Uploads", "saved JSON", ("unit/test_saved_json.py", "system/pages/test_uploads.py")),
    Elsewhere(
        "Uploads",
        "a quota for each visit",
        ("unit/web/test_upload_quota.py", "outside/browser/test_uploads.py"),
    ),
    Elsewhere(
        "Downloads",
        "formulas, in a real spreadsheet",
        ("unit/test_formulas.py", "outside/test_spreadsheet.py"),
    ),
    Elsewhere("Downloads", "BOM, marks, range, filters, file names", ("unit/test_export.py",)),
    Elsewhere("Downloads", "two users' files of one shape", ("outside/browser/test_isolation.py",)),
    Elsewhere("Disk and process", "whole files, kill, full, two processes", ("unit/store/test_folder.py",)),
    Elsewhere("Disk and process", "fresh, settled, one question's only", ("unit/store/test_windows.py",)),
    Elsewhere("Disk and process", "a tab closed during a load", ("outside/browser/test_loading.py",)),
    Elsewhere("Disk and process", "a double click, a restart in a load", ("unit/fetch/test_background.py",)),
    Elsewhere(
        "Network surface",
        "base addresses and allowed hosts",
        ("unit/test_settings.py", "unit/contract/test_hosts.py"),
    ),
    Elsewhere("Network surface", "IDs", ("unit/contract/test_query.py",)),
    Elsewhere(
        "Network surface",
        "origins, headers, metrics",
        ("unit/web/test_security.py", "outside/browser/test_server.py"),
    ),
    Elsewhere("In every case", "the token nowhere", ("unit/test_logs.py", "outside/browser/test_secrets.py")),
    Elsewhere(
        "In every case",
        "each sees what its token may see",
        ("unit/fetch/test_owners.py", "system/test_isolation.py", "outside/browser/test_isolation.py"),
    ),
    Elsewhere(
        "In every case",
        "every number with its state",
        ("system/pages/test_states.py", "outside/browser/test_incomplete.py"),
    ),
    Elsewhere(
        "In every case",
        "foreign text inert",
        ("unit/ui/test_text.py", "unit/charts/test_text.py", "outside/browser/test_inert.py"),
    ),
)


def faults() -> Iterator[str]:
    """Every single fault that this package tries, in order."""
    for row in ROWS:
        yield from row.faults
