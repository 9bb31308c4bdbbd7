"""The two CSV files that a user would upload: the Portal's export of tag names, and attributes from HR."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from userlane.sandbox import large
from userlane.sandbox.data import SMALL_TAGS, check_exists
from userlane.sandbox.demo.people import FEATURES, UNNAMED, UNUSED, draw_people
from userlane.sandbox.timeline import SEED, make_rng

_TAG_HEADER = ("Tag ID", "Tag name", "Created", "Created by", "Status")
_USER_HEADER = ("user_id", "role", "region", "department")
_LARGE = json.loads((Path(__file__).parent / "large.json").read_text(encoding="utf-8"))
"""The two halves of the tag names of the property `large`."""


def tag_names_csv(property_id: str) -> bytes:
    """Return the Portal's Tag Analytics export: Tag ID and Tag name among other columns, sorted by name.

    For `demo` it names 57 of the 60 tags and one that is never used; for `small` and `large` all tags; for
    `empty` it is only a header. Raises `NotFound` for an unknown property.
    """
    named: Mapping[int, str] = {}
    if property_id == "demo":
        named = {feature.tag_id: feature.name for feature in FEATURES if feature.tag_id not in UNNAMED}
        named = {**named, **dict([UNUSED])}
    elif property_id == "small":
        named = SMALL_TAGS
    elif property_id == "large":
        titles = [f"{area}: {action}" for area in _LARGE["areas"] for action in _LARGE["actions"]]
        named = {large.FIRST_TAG + number: title for number, title in enumerate(titles)}
    check_exists(property_id, "heart", None)
    rows = [
        (str(tag_id), name, f"2023-{1 + tag_id % 12:02d}-{1 + tag_id % 28:02d}", "Portal Admin", "Published")
        for tag_id, name in sorted(named.items(), key=lambda item: item[1])
    ]
    return _write_csv(_TAG_HEADER, rows)


def user_attributes_csv(property_id: str, seed: int = SEED) -> bytes:
    """Return role, region and department by user ID, as HR would export them.

    For `demo` about forty users are missing and twelve are listed that were never seen, so the match is high
    but not complete. Raises `NotFound` for an unknown property.
    """
    check_exists(property_id, "heart", None)
    rows: list[tuple[str, str, str, str]] = []
    if property_id == "demo":
        people = draw_people(seed)
        listed = make_rng(seed, "attributes").random(len(people.user_id)) > 0.06
        everyone = zip(people.user_id, people.role, people.region, people.department, strict=True)
        rows = [person for person, known in zip(everyone, listed.tolist(), strict=True) if known]
        rows += [(f"u-{number:05d}", "Trainee", "DACH", "Service") for number in range(90_001, 90_013)]
    elif property_id == "small":
        rows = [(f"p-{number:02d}", "Specialist", "DACH", "IT") for number in range(1, 6)]
    elif property_id == "large":
        rows = _draw_agents(seed)
    return _write_csv(_USER_HEADER, rows)


def _draw_agents(seed: int) -> list[tuple[str, str, str, str]]:
    rng = make_rng(seed, "large attributes")

    def draw(*names: str) -> list[str]:
        return [names[number] for number in rng.integers(0, len(names), large.USERS).tolist()]

    return list(
        zip(
            [large.user_id(number) for number in range(large.USERS)],
            draw("Agent", "Agent", "Agent", "Team lead", "Requester"),
            draw("EMEA", "Americas", "APAC"),
            draw("First line", "Second line", "Field service", "Facilities"),
            strict=True,
        )
    )


def _write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
