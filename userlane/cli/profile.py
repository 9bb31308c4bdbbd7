"""`python -m userlane profile`: makes an API profile of copied requests."""
# ruff: noqa: PLC0415 - as in __main__, `--help` must not wait for what only a run needs

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from userlane.cli.console import Command, say
from userlane.cli.saved_json import STANDARD_INPUT, read_file
from userlane.contract import DATASETS
from userlane.errors import RequestUnusable
from userlane.settings import Settings

if TYPE_CHECKING:
    from userlane.request_import import ImportResult

UNSETTLED = 2

_FILE = "FILE|-"
_HELP = "The copied request of this API; - is standard input."


@click.command(cls=Command, short_help="Learn how the API is spoken to from copied requests.")
@click.option("--property", "property_id", metavar="ID", required=True, help="The property in the requests.")
@click.option("--survey-id", metavar="ID", help="The survey in the request of --surveys; needed there.")
@click.option("--heart", metavar=_FILE, help=_HELP)
@click.option("--nps", metavar=_FILE, help=_HELP)
@click.option("--surveys", metavar=_FILE, help=_HELP)
@click.option("--tags", metavar=_FILE, help=_HELP)
@click.option(
    "--answer", "answers", metavar="API.WHAT=ANSWER", multiple=True, help="Answers a question, as it says."
)
def profile(property_id: str, survey_id: str | None, answers: tuple[str, ...], **files: str | None) -> int:
    """Learn how the API is spoken to, from requests copied from the vendor's documentation ("Try it").

    Each file holds one request: cURL, HTTP, code of another language, an OpenAPI document, a HAR file or a
    Postman collection. Nothing in it is run and nothing is asked of the API. The profile goes to standard
    output as TOML, without the token; what was understood and what must be asked goes to standard error. A
    profile that is mounted already is completed.

    \b
    Exit codes:
      0  the profile is written
      2  wrong usage, a request that cannot be used, or a question left (answer it with --answer)
      5  a file cannot be read
    """  # noqa: D301 - click looks for the sign \b, not for a backslash
    from userlane.request_import import assemble, import_request, to_toml

    given = {dataset: file for dataset in DATASETS if (file := files[dataset]) is not None}
    if not given:
        raise click.UsageError("there is no request: give at least one of --heart, --nps, --surveys, --tags.")
    if list(given.values()).count(STANDARD_INPUT) > 1:
        raise click.UsageError("only one request can come from standard input.")
    if "surveys" in given and survey_id is None:
        raise click.UsageError("--surveys needs the --survey-id that is in the request.")
    settings = Settings.read(listens="localhost")  # the requests are those of this machine's own user
    answers_by_api = _parse_answers(answers, given)
    results: list[ImportResult] = []
    for dataset, file in given.items():
        code = _read(file, dataset)
        try:
            found = import_request(code, dataset, property_id, survey_id, allowed_hosts=settings.hosts)
            results.append(found.answer(answers_by_api.get(dataset, {})))
        except RequestUnusable as error:
            raise RequestUnusable(f"--{dataset}: {error.cause}", error.next_step) from None
        _report_result(results[-1])
    if not all(result.settled for result in results):
        return UNSETTLED
    click.echo(to_toml(assemble(results, settings.profile)), nl=False)
    return 0


def _parse_answers(given: Sequence[str], files: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """Parse `--answer` options to API → role → value."""
    by_api: dict[str, dict[str, str]] = {}
    for each in given:
        about, equals, answer = each.partition("=")
        dataset, dot, role = about.partition(".")
        if not (equals and dot and dataset in files):
            raise click.UsageError(
                f"--answer {each} does not fit: it looks like {next(iter(files))}.page=NAME, for a given API."
            )
        by_api.setdefault(dataset, {})[role] = answer
    return by_api


def _read(file: str, dataset: str) -> str:
    data = read_file(file, f"--{dataset}")
    # PowerShell saves what it redirects as UTF-16.
    return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig", "replace")


def _report_result(result: "ImportResult") -> None:
    for finding in result.findings:
        mark = "" if finding.sure else "NOT SURE: "
        say(f"{result.dataset}: {mark}{finding.item}: {finding.found} ({finding.why})")
    for question in result.questions:
        possible = f" Possible: {', '.join(question.candidates)}." if question.candidates else ""
        likely = f" Likely: {question.suggestion}." if question.suggestion else ""
        say(
            f"{result.dataset}: {question.words}{possible}{likely} "
            f"Answer with --answer '{result.dataset}.{question.role}=…'"
        )
