"""Visitors get answers, and would notice another's."""

import random

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import sessions
from benchmarks.sessions import Tally, Visitor


def visitor() -> Visitor:
    return Visitor(sessions.properties()[0], Tally(), random.Random(1))  # noqa: S311


def test_a_few_visitors_get_what_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "THINKING", (0.2, 0.4))
    figures = sessions.compared(10_000, 2, 3.0)
    assert figures["reruns"] > 0
    assert figures["wrong"] == 0
    assert figures["peak"] > 50
    assert 0 < figures["rerun 50"] <= figures["rerun 95"]


@pytest.mark.parametrize("words", ["Large · 1 Apr", "s-000123"])
def test_anothers_rows_are_noticed(words: str) -> None:
    said = ForwardMsg()
    said.delta.new_element.markdown.body = words
    reading = visitor()
    assert not reading._look(said, said.SerializeToString())
    assert reading.tally.wrong == [f"{words.removesuffix('1 Apr')} shown for demo"]


def test_a_message_that_was_never_sent_is_noticed() -> None:
    reading = visitor()
    said = ForwardMsg(ref_hash="unknown")
    reading._look(said, said.SerializeToString())
    assert len(reading.tally.wrong) == 1


def test_the_section_says_how_many_were_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = dict.fromkeys(("first 50", "first 95", "rerun 50", "rerun 95"), 0.1)
    monkeypatch.setattr(
        sessions, "compared", lambda *_, **__: figures | {"reruns": 9, "work": 0.1, "peak": 300, "wrong": 1}
    )
    section = sessions.crowds(10_000, 2, lambda _: None, count=3, seconds=1.0)
    verdicts = {row.measured: (row.figure, row.met) for row in section.rows if row.target}
    assert verdicts["wrong answers, all runs"] == ("2", False)
    assert verdicts["rerun, p95"] == ("0.10 s", True)
