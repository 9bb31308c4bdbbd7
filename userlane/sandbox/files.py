"""The two files a user would bring along: the Portal's export of tag names, and attributes from HR."""

import csv
import io
from collections.abc import Iterable, Sequence

from userlane.errors import NotFound
from userlane.sandbox import large, small
from userlane.sandbox.catalogue import PROPERTIES, SEED
from userlane.sandbox.chance import generator
from userlane.sandbox.demo.features import FEATURES, UNNAMED, UNUSED
from userlane.sandbox.demo.people import roster

_TAG_HEADER = ("Tag ID", "Tag name", "Created", "Created by", "Status")
_USER_HEADER = ("user_id", "role", "region", "department")
_AREAS = (
    "Queue", "Ticket", "Customer", "Asset", "Change", "Problem", "Article", "Report", "Chat", "Call",
    "Contract", "Invoice", "Order", "Device", "Licence", "Access", "Survey", "Team", "Shift", "Alert",
    "Mailbox", "Template", "Workflow", "Calendar", "Profile",
)  # fmt: skip
_ACTIONS = (
    "open", "create", "edit", "close", "assign", "merge", "split", "filter", "sort", "export",
    "print", "share", "archive", "restore", "approve", "reject", "comment", "attach", "watch", "delete",
)  # fmt: skip


def tag_names_csv(property_id: str) -> bytes:
    """The Portal's Tag Analytics export: Tag ID and Tag name among other columns, sorted by name.

    For `demo` it names 57 of the 60 tags and one that is never used; for `small` and `large` all;
    for `empty` it is a header. Raises `NotFound` for an unknown property.
    """
    named: dict[int, str] = {}
    if property_id == "demo":
        named = {feature.tag_id: feature.name for feature in FEATURES if feature.tag_id not in UNNAMED}
        named |= [UNUSED]
    elif property_id == "small":
        named = small.TAG_NAMES
    elif property_id == "large":
        titles = [f"{area}: {action}" for area in _AREAS for action in _ACTIONS]
        named = {large.FIRST_TAG + number: title for number, title in enumerate(titles)}
    _known(property_id)
    rows = [
        (str(tag_id), name, f"2023-{1 + tag_id % 12:02d}-{1 + tag_id % 28:02d}", "Portal Admin", "Published")
        for tag_id, name in sorted(named.items(), key=lambda item: item[1])
    ]
    return _csv(_TAG_HEADER, rows)


def user_attributes_csv(property_id: str, seed: int = SEED) -> bytes:
    """Role, region and department by user ID, as HR would export them.

    For `demo` some forty users are missing and a dozen listed were never seen, so that the match is high
    but not whole. Raises `NotFound` for an unknown property.
    """
    _known(property_id)
    rows: list[tuple[str, str, str, str]] = []
    if property_id == "demo":
        people = roster(seed)
        listed = generator(seed, "attributes").random(len(people.user_id)) > 0.06
        everyone = zip(people.user_id, people.role, people.region, people.department, strict=True)
        rows = [person for person, known in zip(everyone, listed.tolist(), strict=True) if known]
        rows += [(f"u-{number:05d}", "Trainee", "DACH", "Service") for number in range(90_001, 90_013)]
    elif property_id == "small":
        rows = [(f"p-{number:02d}", "Specialist", "DACH", "IT") for number in range(1, 6)]
    elif property_id == "large":
        rows = _agents(seed)
    return _csv(_USER_HEADER, rows)


def _agents(seed: int) -> list[tuple[str, str, str, str]]:
    chance = generator(seed, "large attributes")

    def drawn(*names: str) -> list[str]:
        return [names[number] for number in chance.integers(0, len(names), large.USERS).tolist()]

    return list(
        zip(
            [large.user_id(number) for number in range(large.USERS)],
            drawn("Agent", "Agent", "Agent", "Team lead", "Requester"),
            drawn("EMEA", "Americas", "APAC"),
            drawn("First line", "Second line", "Field service", "Facilities"),
            strict=True,
        )
    )


def _known(property_id: str) -> None:
    if property_id not in PROPERTIES:
        raise NotFound("There is no property with this ID.")


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
