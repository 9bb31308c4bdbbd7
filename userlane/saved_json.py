"""Answers that were saved to files, for example from “Try it”, in place of an API: no token, no network.

Read once, they answer queries like a fetch does, except that nobody can know whether they hold everything:
whatever comes from them is marked so.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import Dataset, DatasetName, Query, State, Window
from userlane.decode.saved_responses import EXPECTED, read_saved_responses
from userlane.errors import UploadRefused, base_name
from userlane.fetch.deduplicate import deduplicate
from userlane.formatting import format_number
from userlane.reader_process import Limits, run_reader
from userlane.store import notes

UNKNOWN = "From files, completeness unknown."
"""The reason that marks all that comes from files."""

_NO_FIELDS: Mapping[str, str] = {}


@dataclass(frozen=True, eq=False)
class Saved:
    """The records of one dataset from files.

    `table` holds all usable ones as they were read, repeats included; `records` counts all. `window` is the
    days they span in `timezone`, None when there is no usable record. `surveys` are the IDs of the surveys
    found, empty for other datasets. `refused` counts by reason and, where it could be read, day. `digest`
    names this very content, read in this very way.
    """

    dataset: DatasetName
    files: tuple[str, ...]
    table: pa.Table
    records: int
    window: Window | None
    surveys: tuple[str, ...]
    refused: Mapping[tuple[str, date | None], int]
    reasons: tuple[str, ...]
    timezone: str
    digest: str
    _answers: "WeakValueDictionary[Query, Dataset]" = field(default_factory=WeakValueDictionary, repr=False)

    def answer(self, query: Query) -> Dataset:
        """What these files hold for a query of their dataset: the rows of its window (and survey), sorted and
        each once as after a fetch, in a state that is never complete.

        The same query gives the same `Dataset` while it is in use, with all that was computed from it.
        """
        if query.dataset != self.dataset:
            raise ValueError(f"these files hold {self.dataset}, not {query.dataset}")
        known = self._answers.get(query)
        if known is None:
            known = self._answers[query] = self._made(query)
        return known

    def _made(self, query: Query) -> Dataset:
        table, refused = self.table, Counter[str]()
        reasons = self.reasons
        if query.dataset == "surveys":
            table = table.filter(pc.equal(table["survey_id"], query.survey_id))
        for (reason, day), count in self.refused.items():
            if day is None or query.window.start <= day < query.window.end:
                refused[reason] += count
        if len(self.surveys) > 1 and refused:
            # Whose they were is not known, and surveys shown together must not count them several times.
            told = ", ".join(f"{format_number(count)} × {reason}" for reason, count in refused.items())
            reasons, refused = (*reasons, f"Left out of the files, in all surveys: {told}."), Counter()
        tidied = deduplicate(query, [table])
        state = State(
            reasons=reasons,
            refused=dict(refused),
            duplicates=tidied.duplicates,
            notes=notes(query, [tidied.table]),
        )
        fingerprint = hashlib.sha256(repr((self.digest, query)).encode()).hexdigest()
        return Dataset(query, tidied.table, state, fingerprint)


def read(
    files: Sequence[tuple[str, bytes]],
    dataset: DatasetName,
    *,
    fields: Mapping[str, str] = _NO_FIELDS,
    timezone: str = "UTC",
    survey_id: str | None = None,
    limits: Limits | None = None,
) -> Saved:
    """Read the records in `files`, pairs of name and content, that together are one dataset.

    Each file holds a response as the API gives it: a bare list of records, an envelope, or several such
    pages, in a list or one after the other; in UTF-8, UTF-16 or Windows-1252.

    >>> page = b'{"data": [{"date": "2026-04-01", "heart": 71.4}]}'
    >>> saved = read([("heart.json", page)], "heart")
    >>> saved.window.describe(), saved.answer(Query("heart", "demo", saved.window)).condition
    ('1 Apr 2026', 'incomplete')

    Args:
        files: Name and content of each file.
        dataset: The dataset of the records.
        fields: Canonical name → key; taken before what is recognised.
        timezone: The time zone that days are counted in.
        survey_id: The survey of records that do not name theirs.
        limits: Those of the child process that reads what a visitor has uploaded; None: this process reads.

    Raises:
        UploadRefused: A file is no saved response, or takes too long or too much memory to read.
        FieldsMissing: No key was found for a required field.
        FieldsAmbiguous: Several keys with different values were found for one field.
    """
    if not files:
        raise UploadRefused("No file was given.", EXPECTED)
    names, contents = [base_name(name) for name, _ in files], [content for _, content in files]
    found = run_reader(
        limits,
        read_saved_responses,
        contents,
        names=names,
        dataset=dataset,
        fields=dict(fields),
        timezone=timezone,
        survey_id=survey_id,
    )
    declared, held = format_number(found.declared), format_number(found.records)
    short = f"The API declared {declared} records, the files hold {held}."
    described = repr((dataset, sorted(fields.items()), timezone, survey_id, found.digest))
    return Saved(
        dataset,
        tuple(names),
        pa.ipc.open_stream(found.rows).read_all(),
        found.records,
        found.window,
        found.surveys,
        found.refused,
        (UNKNOWN, short) if found.declared > found.records else (UNKNOWN,),
        timezone,
        hashlib.sha256(described.encode()).hexdigest(),
    )
