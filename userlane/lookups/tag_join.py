"""Joins tag records with tag names; tags without a name and names without a tag stay visible."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from userlane.contract import CODED
from userlane.formatting import format_count, format_number
from userlane.lookups.names import Names


@dataclass(frozen=True, slots=True)
class TagMatch:
    """How tags and names met: tag IDs with and without a name, and names (with their ID) of no tag seen."""

    named: tuple[str, ...]
    unnamed: tuple[str, ...]
    unused: tuple[tuple[str, str], ...]

    def sentence(self) -> str:
        """What a reader needs to know before trusting the names; parts that are 0 are left out.

        >>> TagMatch(("1", "2"), ("3",), (("9", "Old"),)).sentence()
        '2 of 3 tags named; 1 without a name; 1 name unused'
        """
        tags, unused = len(self.named) + len(self.unnamed), len(self.unused)
        parts = [f"{format_number(len(self.named))} of {format_count(tags, 'tag')} named"]
        if self.unnamed:
            parts.append(f"{format_number(len(self.unnamed))} without a name")
        if unused:
            parts.append(f"{format_count(unused, 'name')} unused")
        return "; ".join(parts)


def match_tags(tag_ids: Iterable[str], names: Names) -> TagMatch:
    """Which of the tags have a name, and which names belong to none of them; compared as exact text.

    >>> match_tags(["7", "8"], Names({"7": "Save", "9": "Old"}, "tags.csv", "")).unused
    (('9', 'Old'),)
    """
    seen = dict.fromkeys(tag_ids)
    return TagMatch(
        named=tuple(tag_id for tag_id in seen if tag_id in names.entries),
        unnamed=tuple(tag_id for tag_id in seen if tag_id not in names.entries),
        unused=tuple((tag_id, name) for tag_id, name in names.entries.items() if tag_id not in seen),
    )


def name_tags(table: pa.Table, names: Names | None) -> pa.Table:
    """Tag records with `tag_name` filled from `names`, missing where there is none; as it is without `names`.

    The work is that of the distinct tags, not of the rows: only dictionaries are looked up.

    A table of tags 7, 8, 7 with 7 named “Save” gets the names Save, missing, Save.
    """
    if names is None:
        return table
    chunks = [_named(chunk, names.entries) for chunk in table.column("tag_id").chunks]
    place = table.schema.get_field_index("tag_name")
    return table.set_column(place, "tag_name", pa.chunked_array(chunks, CODED))


def label_tags(frame: pd.DataFrame, names: Names | None) -> pd.DataFrame:
    """A frame with a column `tag` after its `tag_id`: what to call the tag on screen.

    That is its name; “Tag 4711” where it has none; the name with the ID behind it where several IDs in the
    file bear one name, so that they are never taken for one tag.

    With 7 and 8 named “Save”, 9 named “Open”: 7, 9, 10 become “Save (7)”, “Open”, “Tag 10”.
    """
    entries = names.entries if names else {}
    bearers = Counter(entries.values())

    def label(tag_id: str) -> str:
        name = entries.get(tag_id)
        if name is None:
            return f"Tag {tag_id}"
        return name if bearers[name] == 1 else f"{name} ({tag_id})"

    labels = {tag_id: label(tag_id) for tag_id in frame["tag_id"].dropna().unique()}
    labelled = frame.drop(columns="tag", errors="ignore")
    tags = labelled["tag_id"].map(labels).astype("str")
    labelled.insert(list(labelled.columns).index("tag_id") + 1, "tag", tags)
    return labelled


def _named(chunk: pa.DictionaryArray, entries: Mapping[str, str]) -> pa.DictionaryArray:
    found = [entries.get(tag_id) for tag_id in chunk.dictionary.to_pylist()]
    code = {name: code for code, name in enumerate(dict.fromkeys(filter(None, found)))}
    codes = pa.array([None if name is None else code[name] for name in found], pa.int32())
    return pa.DictionaryArray.from_arrays(codes.take(chunk.indices), pa.array(code, pa.string()))
