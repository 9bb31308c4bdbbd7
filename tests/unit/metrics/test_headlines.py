"""What changed most, in sentences."""

import math

import pandas as pd

from userlane.metrics import headlines


def summary(**changes: float) -> pd.DataFrame:
    """HEART scores at 70 that changed by so much."""
    return pd.DataFrame(
        [{"score": name, "label": name.title(), "mean": 70.0, "change": by} for name, by in changes.items()],
        columns=["score", "label", "mean", "change"],
    )


def surveys(*rows: tuple[str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["survey_id", "difference", "verdict"])


def tags(*rows: tuple[str, int, int, bool]) -> pd.DataFrame:
    """Tags with users now and before, of 100 users seen in both periods."""
    return pd.DataFrame(
        [
            {
                "tag": tag,
                "users": now,
                "users_before": before,
                "share": now / 100,
                "share_before": before / 100,
                "difference": (now - before) / 100,
                "real": real,
            }
            for tag, now, before, real in rows
        ],
        columns=["tag", "users", "users_before", "share", "share_before", "difference", "real"],
    )


def test_heart_names_the_overall_score_and_the_letter_that_moved_furthest() -> None:
    """A fall counts by its size, not by its sign."""
    assert headlines.heart(summary(overall=1.04, happiness=2.0, retention=-3.0)) == [
        "The overall HEART score is 70.0, 1.0 point higher than before.",
        "Retention changed most of the letters: 70.0, 3.0 points lower than before.",
    ]


def test_heart_is_silent_about_scores_without_a_period_before() -> None:
    """No comparison, no sentence; and no sentence about nothing at all."""
    assert headlines.heart(summary(overall=math.nan, happiness=math.nan)) == []
    assert headlines.heart(summary()) == []


def test_a_change_that_rounds_to_nothing_is_called_the_same() -> None:
    """No sentence says “0.0 points higher”."""
    assert headlines.heart(summary(overall=-0.04)) == ["The overall HEART score is 70.0, the same as before."]


def test_nps_says_whether_the_change_is_more_than_chance() -> None:
    """The points are those of the two scores on screen; the verdict is that of the test."""
    assert headlines.nps((55, 30, 15), (40, 35, 25)) == [
        "NPS is 40.0, 25.0 points higher than before, a real change."
    ]
    assert headlines.nps((11, 10, 10), (10, 10, 11)) == [
        "NPS is 3.2, 6.5 points higher than before, too close to call."
    ]


def test_nps_is_silent_where_a_score_may_not_be_shown() -> None:
    """Under ten answers in either period, or without a comparison, there is no sentence."""
    assert headlines.nps((5, 2, 2), (40, 35, 25)) == []
    assert headlines.nps((40, 35, 25), None) == []


def test_surveys_name_the_one_that_moved_furthest_by_its_name() -> None:
    """Surveys without a verdict are passed over, however far they moved."""
    change = surveys(("1", 0.9, ""), ("2", -0.2, "real"), ("3", 0.1, "too close to call"))
    assert headlines.surveys(change, {"2": "Tour"}) == [
        "“Tour”: the share of 4 and 5 is 20.0 points lower than before, a real change."
    ]
    assert headlines.surveys(surveys(("1", math.nan, "")), {}) == []


def test_tags_name_the_largest_real_gain_and_loss() -> None:
    """Changes that may be chance are not named."""
    change = tags(("A", 40, 20, True), ("B", 10, 40, True), ("C", 90, 10, False))
    assert headlines.tags(change) == [
        "“A” rose most among tags: 40.0 % of users seen (40), before 20.0 % (20), a real change.",
        "“B” fell most among tags: 10.0 % of users seen (10), before 40.0 % (40), a real change.",
    ]


def test_tags_say_so_when_nothing_changed_beyond_chance() -> None:
    """Silence would look like something not computed; no tags at all are left to the page."""
    assert headlines.tags(tags(("A", 21, 20, False))) == [
        "No tag changed its share of users beyond chance (1 compared)."
    ]
    assert headlines.tags(tags()) == []
