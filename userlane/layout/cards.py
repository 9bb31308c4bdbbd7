"""Cards: one number each, never without its n and its state."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import streamlit as st

from userlane.inference import Change, Estimate, nps_change, reliability
from userlane.layout.loading import Loaded
from userlane.layout.text import NOTHING, NOUNS, counted, interval, number, plain, share, standing

FEWEST = 10
"""Answers below which only counts are shown; see `inference.reliability`."""


@contextmanager
def row(columns: int, width: int = 140) -> Iterator[None]:
    """A row of cards of equal size that wraps on narrow screens."""
    with st.grid(columns, min_column_width=width, gap="xsmall"):
        yield


def card(
    label: str,
    value: str,
    loaded: Loaded,
    *,
    n: int | None = None,
    noun: tuple[str, str] | None = None,
    note: str = "",
    of: str = "",
    delta: float = math.nan,
    digits: int = 1,
    delta_note: str = "",
    trend: Sequence[float | None] | None = None,
    about: str | None = None,
) -> None:
    """A number with what it rests on.

    `value` is already written. `n` counts the `noun`s behind it and `of` is its share of them. `delta` is the
    change from the period before in the number's own unit, drawn only when it is a number; `trend` is one
    value per day or week.
    """
    points = [point for point in trend or () if point is not None and not math.isnan(point)]
    changed = not math.isnan(delta)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            plain(label),
            value,
            round(delta, digits) + 0.0 if changed else None,
            delta_description=(delta_note or "vs. before") if changed else None,
            format=f"%.{digits}f" if changed else None,
            chart_data=points if len(points) > 1 else None,
            help=about,
        )
        behind = counted(loaded.rows if n is None else n, *(noun or NOUNS[loaded.name]))
        behind = f"{of} of {behind}" if of else behind
        st.caption(" · ".join(filter(None, (note, behind, standing(loaded.state, loaded.rows)))))


def heart_cards(summary: pd.DataFrame, heart: Loaded) -> None:
    """The six HEART numbers: the period's mean, its band, the change and the days behind it."""
    with row(6):
        for letter in summary.to_dict("records"):
            card(
                letter["label"],
                number(letter["mean"]),
                heart,
                n=letter["days"],
                noun=("day", "days"),
                note=letter["band"] if letter["days"] else "not measured",
                delta=letter["change"],
                trend=letter["trend"] if letter["days"] == heart.window.days else None,
            )


def nps_card(counts: Any, before: Any, nps: Loaded) -> None:
    """The score with its interval and what may be said of its change."""
    score: Estimate = counts.estimate()
    known = score.reliability in {"muted", "firm"}
    change: Change | None = (
        nps_change(before, counts) if before is not None and known and before.n >= FEWEST else None
    )
    card(
        "NPS",
        number(score.value) if known else NOTHING,
        nps,
        n=counts.n,
        note=interval(score) if known else "too few answers for a score",
        delta=score.value - before.estimate().value if change is not None else math.nan,
        delta_note=change.verdict if change is not None else "",
        about="Share of promoters minus share of detractors, −100 to 100.",
    )


def nps_cards(counts: Any, before: Any, nps: Loaded) -> None:
    """The score and the three groups behind it."""
    with row(4):
        nps_card(counts, before, nps)
        hidden = reliability(counts.n) == "hidden"
        for label, count in (
            ("Promoters (9–10)", counts.promoters),
            ("Passives (7–8)", counts.passives),
            ("Detractors (0–6)", counts.detractors),
        ):
            card(
                label,
                NOTHING if hidden else number(count, 0),
                nps,
                n=counts.n,
                of=share(count / counts.n) if counts.n >= FEWEST else "",
            )


def survey_cards(
    summary: pd.DataFrame, change: pd.DataFrame | None, names: dict[str, str], surveys: Loaded
) -> None:
    """One card a survey: share of 4–5 with its interval, the mean beside it."""
    changes = {} if change is None else change.set_index("survey_id").to_dict("index")
    for survey in summary.to_dict("records"):
        known = reliability(survey["n"]) in {"muted", "firm"}
        moved = changes.get(survey["survey_id"], {})
        compared = known and moved.get("n_before", 0) >= FEWEST
        low, high = share(survey["favourable_low"]), share(survey["favourable_high"])
        card(
            names.get(survey["survey_id"], f"Survey {survey['survey_id']}"),
            f"{share(survey['favourable'])} gave 4–5" if known else NOTHING,
            surveys,
            n=survey["n"],
            note=f"95 % sure: {low} to {high} · mean {number(survey['mean'], 2)}"
            if known
            else "too few answers",
            delta=100 * moved["difference"] if compared else math.nan,
            delta_note=", ".join(filter(None, ("points", moved.get("verdict")))),
        )


def tag_cards(totals: Any, before: Any, tags: Loaded) -> None:
    """What the tag feed holds: users, interactions, tags."""
    labels = {
        "users": ("Users seen", "Different users with at least one interaction with any tag."),
        "interactions": ("Interactions", "All interactions with all tags."),
        "tags": ("Tags used", "Different tags with at least one interaction."),
    }
    with row(3):
        for name, (label, about) in labels.items():
            value = getattr(totals, name)
            delta = value - getattr(before, name) if before is not None else math.nan
            card(label, number(value, 0), tags, delta=delta, digits=0, about=about)
