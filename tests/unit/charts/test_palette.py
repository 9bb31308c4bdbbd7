"""The colours can be seen on both themes and told apart by everyone."""

import tomllib
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.charts.figure_checks import contrast
from userlane.charts.palette import (
    BUCKET_COLOURS,
    NEUTRAL,
    PATTERNS,
    SCORE_STYLES,
    SERIES,
    TRAFFIC_STYLES,
    luminance,
    series_styles,
    text_colour,
)
from userlane.contract import BUCKETS, SCORES

Matrix = npt.NDArray[np.float64]
THEME = tomllib.loads(Path(__file__).parents[3].joinpath(".streamlit/config.toml").read_text())["theme"]
SCORE_COLOURS = {score: style.colour for score, style in SCORE_STYLES.items()}
TRAFFIC_COLOURS = {name: style.colour for name, style in TRAFFIC_STYLES.items()}
ALL_COLOURS = {*BUCKET_COLOURS.values(), *SCORE_COLOURS.values(), *TRAFFIC_COLOURS.values(), *SERIES, NEUTRAL}

# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB.
SIGHT: Mapping[str, Matrix] = {
    "full": np.eye(3),
    "no red cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Ottosson (2020): Oklab, in which distances are about as large as they look.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def seen(colour: str, sight: Matrix) -> Matrix:
    """A colour in Oklab, times 100, as it is seen."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.asarray(100 * TO_LAB @ np.cbrt(TO_CONES @ np.clip(sight @ linear, 0, 1)))


def least_distance(colours: Mapping[str, str], sight: Matrix) -> float:
    views = [seen(colour, sight) for colour in colours.values()]
    return min(float(np.linalg.norm(one - other)) for one, other in combinations(views, 2))


def test_contrast_is_that_of_wcag() -> None:
    """Golden values: black on white 21, #777777 on white 4.48, in either order."""
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#FFFFFF", "#777777") == pytest.approx(4.478, abs=0.001)
    assert luminance("#FF0000") == pytest.approx(0.2126)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", sorted(ALL_COLOURS))
def test_every_colour_is_seen_on_both_backgrounds(colour: str, mode: str) -> None:
    """Lines and bars keep 3:1 to the page."""
    assert contrast(colour, THEME[mode]["backgroundColor"]) >= 3


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(
    ("colours", "least"),
    [(BUCKET_COLOURS, 11), (SCORE_COLOURS, 8), (TRAFFIC_COLOURS, 8)],
    ids=["buckets", "scores", "traffic"],
)
def test_colours_of_a_group_stay_apart_for_every_kind_of_sight(
    colours: Mapping[str, str], least: float, sight: str
) -> None:
    """The distance of two colours of a group is well above what is just noticeable (about 2)."""
    assert least_distance(colours, SIGHT[sight]) >= least


@pytest.mark.parametrize("sight", SIGHT)
def test_six_surveys_or_tags_stay_apart_by_colour_alone(sight: str) -> None:
    assert least_distance({colour: colour for colour in SERIES[:6]}, SIGHT[sight]) >= 8


def test_bucket_colours_mean_buckets_only() -> None:
    """A promoter's blue or a detractor's orange is no letter, survey or tag."""
    assert not set(BUCKET_COLOURS.values()) & {*SCORE_COLOURS.values(), *SERIES}


def test_every_bucket_and_score_has_its_own_look() -> None:
    assert set(BUCKET_COLOURS) == set(BUCKETS)
    assert set(SCORE_STYLES) == set(SCORES)
    for part in range(3):
        assert len({style[part] for style in SCORE_STYLES.values()}) == len(SCORES)


def test_text_on_a_bar_can_be_read() -> None:
    """Numbers written in a bar have at least 4.5:1."""
    assert all(contrast(text_colour(colour), colour) >= 4.5 for colour in ALL_COLOURS)


def test_series_differ_without_colour_too() -> None:
    """The first eight have eight markers and patterns; forty combinations pass before one comes back."""
    styles = series_styles(str(i) for i in range(40))
    assert len(set(styles.values())) == 40
    assert len({style.symbol for style in list(styles.values())[:8]}) == 8
    assert len(set(PATTERNS)) == len(SERIES) == 8


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_knows_the_same_series(mode: str) -> None:
    """Charts that Streamlit draws itself use the colours of the figures."""
    assert tuple(THEME[mode]["chartCategoricalColors"]) == SERIES
