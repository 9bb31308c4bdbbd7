"""A request that the user copied becomes a profile: how the API is spoken to. Nothing pasted is ever run.

reading        pasted code → one request, by whichever of the readers below finds one
  curl, shell          cURL in bash and in the Windows command prompt
  raw                  HTTP as it goes over the wire
  python               requests, and libraries that read like it
  javascript, expressions, script      fetch and axios
  powershell           Invoke-WebRequest and Invoke-RestMethod
  literals             values as far as code writes them out
learn          a request → a lesson, or a sentence why not
  meaning              what names and values can mean
  places               where the IDs stand
  roles                which parameters are the dates, the page and the limit
  auth                 which header carries the token
  understanding        all of it together; what is not certain becomes a question
lesson         what was understood, shown before it is used
profile        lessons → a profile → TOML
striking       code without its token
"""

from userlane.request_import.interpret import learn
from userlane.request_import.parsers.detect import read_request
from userlane.request_import.parsers.request import Request
from userlane.request_import.profile_toml import COMMENT, assemble, to_toml, token_in
from userlane.request_import.redact import struck
from userlane.request_import.result import TITLES, Finding, Lesson, Question

__all__ = [
    "COMMENT",
    "TITLES",
    "Finding",
    "Lesson",
    "Question",
    "Request",
    "assemble",
    "learn",
    "read_request",
    "struck",
    "to_toml",
    "token_in",
]
