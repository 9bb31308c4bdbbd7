"""Loads of a year of tag records beside one another, all from one server."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.server import Serving, serving
from benchmarks.table import Row, Say, Section, at_least, at_most, counted, middle, ratio

LATENCY = 0.05
"""Seconds a page takes where latency is measured."""

ALLOWED = 8
"""Requests the server bears at once there."""

USUAL_IN_FLIGHT = 4

PROBE = 1
"""Requests by which a new process finds out whether its token may open what is stored (`fetch.access`)."""

WORDS = {
    "socket": "raw socket, typed decoding to Arrow: the limit",
    "loop": "requests loop, DataFrame of all records: the peer",
    "dlt": "dlt REST client, to a list",
    "walk": "this client and decoder, without the store",
    "load": "this project's whole load, stored",
}
TIMES_AS_MANY = 10
"""The larger load of those whose memory is compared, against the smaller."""

Figures = dict[str, float]


def compared(api: Serving, ways: Sequence[str], in_flight: int, say: Say) -> Figures:
    """One run: each way once, then the range that was stored once more. Named as `loop rate`, `load peak`.

    Raises `RuntimeError` when a way ends with other rows than the server has.
    """
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as store:
        for way in ways:
            say(f"{WORDS[way]}, {counted(api.rows)} records")
            before = api.counts()
            found = peers.measured(way, api, Path(store), in_flight)
            after = api.counts()
            check(way, int(found["rows"]), api.rows)
            figures |= {
                f"{way} {name}": value for name, value in found.items() if name in {"seconds", "base", "peak"}
            }
            figures[f"{way} rate"] = found["rows"] / found["seconds"]
            figures[f"{way} requests"] = after["requests"] - before["requests"]
            figures[f"{way} refused"] = after["refused"] - before["refused"]
        if "load" in ways:
            again = peers.measured("reload", api, Path(store), in_flight)
            check("reload", int(again["reload_rows"]), api.rows)
            figures |= {f"reload {name}": value for name, value in again.items()}
    return figures


def check(way: str, got: int, had: int) -> None:
    """A figure of something else than all records is none."""
    if got != had:
        raise RuntimeError(f"{way} ended with {got:,} rows, and the server has {had:,}.")


def without_latency(rows: int, runs: int, say: Say) -> Section:
    """All ways, and the reload, from a server that answers at once."""
    with serving(rows) as api:
        found = [compared(api, tuple(WORDS), USUAL_IN_FLIGHT, say) for _ in range(runs)]
    lines: list[Row] = []
    for way, words in WORDS.items():
        times = ratio(found, f"{way} rate", "loop rate")
        target = at_least(times, 2.2) if way == "load" else ("", None)
        lines.append(
            Row(words, f"{_rate(found, way)}, peak {_peak(found, way)}", f"{times:.2f} × the peer", *target)
        )
    share = 100 * ratio(found, "load rate", "socket rate")
    peak = middle(found, "load peak")
    sooner = ratio(found, "load seconds", "reload reload_seconds")
    requests = middle(found, "reload reload_requests")
    lines += [
        Row(
            "whole load, share of the limit",
            _rate(found, "load"),
            f"{share:.0f} %",
            *at_least(share, 60, "%"),
        ),
        Row("whole load, peak memory", f"{peak:.0f} MB", "", *at_most(peak, 260, "MB")),
        Row(
            "stored range opened by a new process",
            f"{middle(found, 'reload reload_seconds'):.3f} s",
            f"{sooner:.0f} × sooner than the load",
            *at_least(sooner, 50),
        ),
        Row(
            f"requests for it, of which {PROBE} is the permission probe",
            f"{requests:.0f}",
            f"{requests - PROBE:.0f} beyond the probe",
            "0 beyond it",
            requests == PROBE,
        ),
        Row(
            "opened once more in that process",
            f"{middle(found, 'reload again_seconds'):.3f} s, "
            f"{middle(found, 'reload again_requests'):.0f} requests",
            f"{ratio(found, 'load seconds', 'reload again_seconds'):.0f} × sooner than the load",
        ),
    ]
    return Section(f"Load, {counted(rows)} records in pages of 1,000, no latency", lines)


def with_latency(rows: int, runs: int, say: Say) -> Section:
    """The peer and the whole load where each page takes a while and only so many may be asked for at once."""
    with serving(rows, latency=LATENCY, in_flight=ALLOWED) as api:
        found = [compared(api, ("loop", "load"), ALLOWED, say) for _ in range(runs)]
    times = ratio(found, "load rate", "loop rate")
    refused = f"{middle(found, 'load refused'):.0f} refused"
    return Section(
        f"Load, {counted(rows)} records, {1000 * LATENCY:.0f} ms a page, {ALLOWED} in flight allowed",
        [
            Row(WORDS["loop"], _rate(found, "loop"), "1.00 × the peer"),
            Row(
                WORDS["load"],
                f"{_rate(found, 'load')}, {refused}",
                f"{times:.2f} × the peer",
                *at_least(times, 7),
            ),
        ],
    )


def memory(rows: int, runs: int, say: Say) -> Section:
    """Whether a load of ten times as many records takes no more memory, and ten times as long."""
    sizes = {"small": rows, "large": rows * TIMES_AS_MANY}
    found: list[Figures] = []
    for _ in range(runs):
        figures: Figures = {}
        for name, size in sizes.items():
            with serving(size) as api:
                run = compared(api, ("load",), USUAL_IN_FLIGHT, say)
            figures |= {f"{name} {what}": value for what, value in run.items()}
            figures[f"{name} pace"] = run["load seconds"] / size * 1e6
            figures[f"{name} added"] = (run["load peak"] - run["load base"]) / size * 1e6
        figures["each more"] = (figures["large load peak"] - figures["small load peak"]) / (
            (sizes["large"] - sizes["small"]) / 1e6
        )
        found.append(figures)
    small, large = (counted(size) for size in sizes.values())
    flat = ratio(found, "large load peak", "small load peak")
    linear = ratio(found, "large pace", "small pace")
    added = middle(found, "large added")
    return Section(
        f"Growth of a load from {small} to {large} records",
        [
            Row(f"peak memory at {small}", f"{middle(found, 'small load peak'):.0f} MB"),
            Row(
                f"peak memory at {large}",
                f"{middle(found, 'large load peak'):.0f} MB",
                f"{flat:.2f} × that at {small}",
                *at_most(flat, 1.3, "×"),
            ),
            Row(
                f"memory above the start, per million records, at {large}",
                f"{added:.0f} MB",
                "",
                *at_most(added, 120, "MB"),
            ),
            Row("memory for each further million", f"{middle(found, 'each more'):.0f} MB"),
            Row(
                f"seconds per million records at {large}",
                f"{middle(found, 'large pace'):.2f} s",
                f"{linear:.2f} × that at {small}",
                *at_most(linear, 1.3, "×"),
            ),
        ],
    )


Measure = Callable[[int, int, Say], Section]
"""Rows, runs, and whom to tell."""


def _rate(found: Sequence[Figures], way: str) -> str:
    return f"{middle(found, f'{way} rate') / 1000:,.0f}k rows/s"


def _peak(found: Sequence[Figures], way: str) -> str:
    return f"{middle(found, f'{way} peak'):.0f} MB"
