"""Records that are not as they should be, and what must become of each."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.responses import enveloped
from tests.system.faults.records import Record
from userlane.contract import DatasetName

Change = Callable[[list[Record]], None]
Rows = list[dict[str, Any]]

EMOJI = "Größe 😕 ✓ \u202eabc\u202c \u05e9\u05dc\u05d5\u05dd \U0001f600"
HTML = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> ![x](https://elsewhere.example/x.png) "
    "[link](javascript:alert(3)) $\\LaTeX$ :red[x] https://elsewhere.example {{7*7}}"
)
LONG = 5 * 2**20


def _nothing(_: list[Record]) -> None:
    """Change nothing."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """`change` is made to the records of one page as they are sent; `kept` to the rows of that page as they
    must be exported. `refused` counts what must be told.
    """

    name: str
    change: Change
    kept: Change = _nothing
    refused: Mapping[str, int] = field(default_factory=dict)
    dataset: DatasetName = "nps"
    sent: Callable[[Sequence[Record]], bytes] = enveloped

    def __str__(self) -> str:
        """As tests are called."""
        return self.name


def each(name: str, make: Callable[[int, Any], Any]) -> Change:
    """Give every record another value under this key, made of its place and its value."""

    def change(records: list[Record]) -> None:
        for place, record in enumerate(records):
            record[name] = make(place, record[name])

    return change


def at(values: Mapping[int, Mapping[str, Any]]) -> Change:
    """Give the records at these places other values."""

    def change(records: list[Record]) -> None:
        for place, other in values.items():
            records[place].update(other)

    return change


def without(*places: int) -> Change:
    """Leave out the rows at these places."""

    def change(rows: list[Record]) -> None:
        for place in sorted(places, reverse=True):
            del rows[place]

    return change


def _lack(records: list[Record]) -> None:
    del records[2]["score"]
    records[7]["score"] = None
    del records[11]["timestamp"]


def _instant(record: str, write: Callable[[datetime], Any]) -> Any:
    return write(datetime.fromisoformat(record))


ZONES = tuple(timezone(timedelta(minutes=minutes)) for minutes in (0, 120, -330, 840, -720, 345))
HUGE = (2**53 + 1, 2**63, 2**64 + 1, 10**19 + 7)
TEXT_IDS = ("007", "1e5", "NA", "null", "0x1F", "1_000", "４２")


def _huge(place: int, _: Any) -> int:
    return HUGE[place % len(HUGE)] + place * 2


def _textual(place: int, _: Any) -> str:
    return f"{TEXT_IDS[place % len(TEXT_IDS)]}-{place}" if place >= len(TEXT_IDS) else TEXT_IDS[place]


def _bytes_with_bom(records: Sequence[Record]) -> bytes:
    return b"\xef\xbb\xbf" + enveloped(records)


def _in_ascii(records: Sequence[Record]) -> bytes:
    return json.dumps({"data": list(records)}).encode()


def _unknown(records: list[Record]) -> None:
    for place, record in enumerate(records):
        record.update(npsType="x", platform={"browser": {"name": "y"}}, tags=[1, {"deep": []}], place=place)


def _letters(value: Any) -> Change:
    return at({0: {"happiness": value}, 2: {"adoption": value}})


def _unmeasured(rows: list[Record]) -> None:
    rows[0]["happiness"] = None
    rows[2]["adoption"] = None


def _absent(records: list[Record]) -> None:
    del records[0]["happiness"], records[2]["adoption"]


def _nps(score: Any, reason: str) -> tuple[Change, Change, Mapping[str, int]]:
    return at({3: {"score": score}}), without(3), {reason: 1}


_OUTSIDE = "score outside 0–10"

QUIRKS = (
    Quirk("required field missing", _lack, without(2, 7, 11), {"score missing": 2, "timestamp missing": 1}),
    Quirk('score "9"', each("score", lambda _, score: str(score))),
    Quirk("score 9.0", each("score", lambda _, score: float(score))),
    Quirk("score 9.5", *_nps(9.5, "score not a whole number")),
    Quirk("score true", *_nps(True, "score not a number")),
    Quirk('score ""', *_nps("", "score missing")),
    Quirk("NaN", *_nps(float("nan"), _OUTSIDE)),
    Quirk("Infinity", *_nps(float("inf"), _OUTSIDE)),
    Quirk("Infinity", *_nps(float("-inf"), _OUTSIDE)),
    Quirk("NPS 11 and −1", at({3: {"score": 11}, 8: {"score": -1}}), without(3, 8), {_OUTSIDE: 2}),
    Quirk(
        "survey 0 and 6",
        at({3: {"score": 0}, 8: {"score": 6}}),
        without(3, 8),
        {"score outside 1–5": 2},
        "surveys",
    ),
    Quirk(
        "HEART 101",
        at({0: {"happiness": 101}, 2: {"adoption": 100.5}}),
        _unmeasured,
        {
            "happiness outside 0–100: taken as missing": 1,
            "adoption outside 0–100: taken as missing": 1,
        },
        "heart",
    ),
    Quirk(
        "NaN",
        _letters(float("nan")),
        _unmeasured,
        {
            "happiness outside 0–100: taken as missing": 1,
            "adoption outside 0–100: taken as missing": 1,
        },
        "heart",
    ),
    Quirk("HEART letter null", _letters(None), _unmeasured, dataset="heart"),
    Quirk("HEART letter null", _letters(""), _unmeasured, dataset="heart"),
    Quirk("HEART letter null", _absent, _unmeasured, dataset="heart"),
    Quirk("HEART letter null", _letters(0), at({0: {"happiness": 0}, 2: {"adoption": 0}}), dataset="heart"),
    Quirk(
        "mixed offsets",
        each(
            "timestamp",
            lambda place, text: _instant(
                text, lambda at: at.astimezone(ZONES[place % len(ZONES)]).isoformat()
            ),
        ),
    ),
    Quirk("naive times", each("timestamp", lambda _, text: text.removesuffix("+00:00"))),
    Quirk("epoch seconds", each("timestamp", lambda _, text: _instant(text, lambda at: int(at.timestamp())))),
    Quirk(
        "epoch milliseconds",
        each("timestamp", lambda _, text: _instant(text, lambda at: int(at.timestamp()) * 1000)),
    ),
    Quirk(
        "mixed offsets",
        each(
            "timestamp",
            lambda place, text: _instant(
                text,
                lambda at: (
                    at.isoformat(),
                    at.timestamp(),
                    str(int(at.timestamp())),
                    f"{at:%Y-%m-%d %H:%M:%S}",
                )[place % 4],
            ),
        ),
    ),
    Quirk(
        "unparsable time",
        at(
            {
                0: {"timestamp": "yesterday"},
                5: {"timestamp": "2026-13-45T99:00:00Z"},
                6: {"timestamp": {"at": 1}},
                9: {"timestamp": True},
                12: {"timestamp": ""},
            }
        ),
        without(0, 5, 6, 9, 12),
        {"timestamp not a time": 4, "timestamp missing": 1},
    ),
    Quirk(
        "numeric IDs",
        each("userId", lambda place, _: 4711 + place),
        each("user_id", lambda place, _: str(4711 + place)),
    ),
    Quirk("text IDs", each("userId", _textual), each("user_id", _textual)),
    Quirk("IDs over 2⁵³", each("userId", _huge), each("user_id", lambda place, _: str(_huge(place, _)))),
    Quirk("IDs over 2⁵³", each("id", _huge), each("response_id", lambda place, _: str(_huge(place, _)))),
    Quirk("unknown fields", _unknown),
    Quirk("BOM", _nothing, sent=_bytes_with_bom),
    Quirk(
        "emoji, RTL, NUL",
        at({1: {"comment": f"a\0b {EMOJI}"}, 4: {"comment": "\0"}, 5: {"comment": " \n\t "}}),
        at({1: {"comment": f"ab {EMOJI}"}, 4: {"comment": ""}, 5: {"comment": None}}),
    ),
    Quirk(
        "emoji, RTL, NUL",
        at({1: {"comment": "half \ud83d"}, 4: {"comment": "\U0001f600"}}),
        at({1: {"comment": "half ?"}, 4: {"comment": "\U0001f600"}}),
        sent=_in_ascii,
    ),
    Quirk(
        "a comment of 5 MB",
        at({1: {"comment": "ä" * (LONG // 2)}}),
        at({1: {"comment": "ä" * 10_000 + "…"}}),
    ),
    Quirk("HTML, Markdown, links", at({1: {"comment": HTML}}), at({1: {"comment": HTML}})),
)


def copied(records: Sequence[Record]) -> list[Record]:
    """The same records, to be changed."""
    copies: list[Record] = json.loads(json.dumps(list(records)))
    return copies
