"""A request that the user copied becomes a profile: how the API is spoken to. Nothing pasted is ever run.

read           pasted text → the requests in it, or why there is none, and the text without its secrets
  parsers/       cleaning; then cURL, raw HTTP, quoted texts of any language, OpenAPI, HAR and Postman
  naming         what names and values can mean
  redact         the secrets are taken out
interpret      a request → what it says about an API; what is not certain becomes a question
  url_parts      where the IDs stand, and what stays as it is
  parameters     which parameters are the dates, the page and the limit
  auth_header    which header carries the token
result         what was understood, shown before it is used; results → a profile → TOML

`read` is the one door for what a stranger wrote. It takes and returns plain data and imports neither pyarrow
nor pandas, so that a small process of its own can do it.
"""

from userlane.request_import.interpret import import_request, interpret
from userlane.request_import.read import Reading, read, read_paste, redact_secrets
from userlane.request_import.result import ImportResult, Question, assemble, find_shared_token, to_toml

__all__ = [
    "ImportResult",
    "Question",
    "Reading",
    "assemble",
    "find_shared_token",
    "import_request",
    "interpret",
    "read",
    "read_paste",
    "redact_secrets",
    "to_toml",
]
