"""The report: what it was measured on comes first, then the parts that were asked for."""

import pytest

from benchmarks import machine, suite
from benchmarks.table import HEADS, Row, Section


def test_the_first_line_is_the_machine_and_only_what_is_asked_for_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int, int]] = []

    def part(name: str) -> object:
        def measure(rows: int, runs: int, _say: object) -> list[Section]:
            asked.append((name, rows, runs))
            return [Section(name, [Row("something", "1 s")])]

        return measure

    monkeypatch.setattr(suite, "PARTS", {name: part(name) for name in ("fetch", "store", "export")})
    first, _, head, *lines = suite.report(("store", "fetch"), 25_999, 2, lambda _: None).text.splitlines()
    assert first.startswith(f"{machine.described()}; ")
    assert "medians of 2 runs; **scaled down**: 20k records" in first
    assert [cell.strip() for cell in head.split("|")[1:-1]] == list(HEADS)
    assert asked == [("fetch", 20_000, 2), ("store", 20_000, 2)]
    assert len(lines) == 1 + 2 * len(asked)


def test_a_full_run_is_not_called_scaled_down() -> None:
    assert "scaled" not in suite.report(("nothing",), suite.FULL, 3, lambda _: None).text


def test_a_part_that_breaks_off_says_why_and_the_others_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Section]:
        raise RuntimeError("the server did not start")

    kept = [Section("Exports", [Row("something", "1 s")])]
    monkeypatch.setattr(suite, "PARTS", {"fetch": broken, "export": lambda *_: kept})
    said: list[str] = []
    text, whole = suite.report((), suite.FULL, 1, said.append)
    assert not whole
    assert said == ["fetch broke off: the server did not start"]
    assert "the server did not start" in text
    assert "Exports" in text
