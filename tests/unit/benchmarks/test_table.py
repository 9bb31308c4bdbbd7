"""The table is well formed, whatever is in it."""

from benchmarks.table import HEADS, Row, Section, at_least, at_most, counted, markdown, middle, ratio


def test_a_table_has_a_head_and_as_many_cells_in_every_line() -> None:
    written = markdown(
        "2 cores.",
        [
            Section("Load", [Row("peer", "1 s"), Row("ours", "0.5 s", "2.0 ×", "≥ 2.2 ×", False)]),
            Section("Store", [Row("write", "3 s", met=True)]),
        ],
    )
    first, blank, *lines = written.splitlines()
    assert (first, blank) == ("2 cores.", "")
    assert {line.count("|") for line in lines} == {len(HEADS) + 1}
    assert len({len(line) for line in lines}) == 1
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "**Load**",
        "peer",
        "ours",
        "**Store**",
        "write",
    ]
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["", "", "**no**", "", "yes"]


def test_ratios_are_taken_within_each_run() -> None:
    runs = [{"ours": 2.0, "peer": 1.0}, {"ours": 30.0, "peer": 10.0}, {"ours": 8.0, "peer": 2.0}]
    assert middle(runs, "ours") == 8
    assert ratio(runs, "ours", "peer") == 3


def test_targets_say_what_they_are_and_whether_they_were_met() -> None:
    assert at_least(2.3, 2.2) == ("≥ 2.2 ×", True)
    assert at_most(261, 260, "MB") == ("≤ 260 MB", False)


def test_numbers_of_records_are_short() -> None:
    assert [counted(rows) for rows in (999, 25_000, 1_000_000, 30_000_000)] == ["999", "25k", "1M", "30M"]
