"""`export --from-file`: saved responses in place of the API."""
# ruff: noqa: PLC0415 - as in __main__, `--help` must not wait for what only a run needs

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from userlane.contract import DatasetName, Query, Window, check_id
from userlane.errors import UserlaneError
from userlane.settings import Settings

if TYPE_CHECKING:
    from userlane.contract import Dataset
    from userlane.saved_json import Saved

NO_PROPERTY = "files"
STANDARD_INPUT = "-"
MOST_BYTES = 64 * 2**20
"""The largest file that a command reads; `saved_json` and `lookups` have smaller limits with a message."""


def load_files(  # noqa: PLR0917 - what the command line was given
    settings: Settings,
    dataset: DatasetName,
    files: Sequence[str],
    property_id: str | None,
    survey_id: str | None,
    days: tuple[datetime | None, datetime | None],
) -> "Dataset":
    """Load the records of saved responses: of one survey, and of the given days if there are any."""
    from userlane import saved_json

    survey = survey_id if survey_id is None else check_id(survey_id, "survey ID")
    saved = saved_json.read(
        [(Path(file).name, read_file(file, "--from-file")) for file in files],
        dataset,
        fields=settings.profile.route(dataset).fields,
        timezone=settings.timezone,
        survey_id=survey,
    )
    if dataset == "surveys" and survey is None:
        survey = _choose_survey(saved)
    start, end = (None if day is None else day.date() for day in days)
    if saved.window is None and (start is None or end is None):
        raise click.UsageError("the files hold no usable record, so --start and --end are needed.")
    window = saved.window or Window(start, end)  # type: ignore[arg-type]  # checked above
    return saved.answer(
        Query(
            dataset,
            check_id(property_id or NO_PROPERTY, "property ID"),
            Window(start or window.start, end or window.end),
            survey,
            settings.timezone,
        )
    )


def _choose_survey(saved: "Saved") -> str:
    if len(saved.surveys) == 1:
        return saved.surveys[0]
    held = f"surveys {', '.join(saved.surveys)}" if saved.surveys else "no survey"
    raise click.UsageError(f"the files hold {held}: choose with --survey-id.")


def read_file(file: str, option: str) -> bytes:
    """Read a file that an option named, or standard input, up to `MOST_BYTES` + 1 bytes.

    The additional byte shows that a file is too large. Raises `UserlaneError` with the option's name.
    """
    try:
        if file == STANDARD_INPUT:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).open("rb") as source:
            return source.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserlaneError(f"{file} cannot be read ({error.strerror}).", f"Check {option}.") from error
