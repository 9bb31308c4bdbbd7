"""The configuration is known to Streamlit, complete for light and dark, readable, and fetches nothing."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config as streamlit_config

from tests.unit.charts.figure_checks import contrast

FILE = Path(__file__).parents[3] / ".streamlit" / "config.toml"
CONFIG = tomllib.loads(FILE.read_text())
THEME = CONFIG["theme"]
HUES = ("red", "orange", "yellow", "green", "blue", "violet", "gray")


def options(table: dict[str, object], prefix: str = "") -> list[str]:
    """The dotted names of all settings of the file."""
    names = []
    for name, value in table.items():
        names += options(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return names


@pytest.mark.parametrize("option", options(CONFIG))
def test_streamlit_knows_every_option(option: str) -> None:
    assert option in streamlit_config._config_options_template


def test_the_settings_every_deployment_needs_are_set() -> None:
    """No usage statistics, no tracebacks on screen, small uploads, no magic, protections on."""
    assert CONFIG["browser"] == {"gatherUsageStats": False}
    assert CONFIG["client"].items() >= {"showErrorDetails": "none", "toolbarMode": "viewer"}.items()
    assert CONFIG["runner"] == {"magicEnabled": False, "postScriptGC": False}
    needed = {"enableCORS": True, "enableXsrfProtection": True, "maxUploadSize": 20}
    assert CONFIG["server"] | needed == CONFIG["server"]


def test_nothing_is_fetched_from_another_host() -> None:
    text = FILE.read_text()
    assert "://" not in text
    assert "fontFaces" not in text


def test_light_and_dark_set_the_same_options() -> None:
    """What one mode sets the other sets too, so that neither falls back to a foreign colour."""
    assert options(THEME["light"]) == options(THEME["dark"])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_words_can_be_read(mode: str) -> None:
    """Text has 7:1, links and coloured words 4.5:1 on every surface they stand on."""
    main = THEME[mode]
    side = main | main["sidebar"]
    for area in (main, side):
        for surface in (area["backgroundColor"], area["secondaryBackgroundColor"]):
            assert contrast(area["textColor"], surface) >= 7
            assert contrast(area["linkColor"], surface) >= 4.5
        assert contrast("#FFFFFF", area["primaryColor"]) >= 4.5
        assert contrast(area["primaryColor"], area["backgroundColor"]) >= 3
        assert contrast(area["codeTextColor"], area["codeBackgroundColor"]) >= 4.5
    assert contrast(main["dataframeHeaderTextColor"], main["dataframeHeaderBackgroundColor"]) >= 4.5
    for hue in HUES:
        for surface in (f"{hue}BackgroundColor", "backgroundColor"):
            assert contrast(main[f"{hue}TextColor"], main[surface]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_ramps_have_the_ten_colours_streamlit_asks_for(mode: str) -> None:
    """Any other number is silently replaced by Streamlit's own."""
    assert len(THEME[mode]["chartSequentialColors"]) == len(THEME[mode]["chartDivergingColors"]) == 10
