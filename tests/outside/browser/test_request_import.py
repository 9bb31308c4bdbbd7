"""Another API's way of speaking, learnt from a pasted request, in a real browser."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.outside.browser.conftest import Begin, dashboard
from tests.outside.browser.visit import Visit
from tests.system.variants import truth
from tests.system.variants.requests import code
from tests.system.variants.server import Variants
from tests.system.variants.variant import Variant, draw_variants
from userlane.contract import DATASETS, DatasetName, bucket

APRIL = f"range={truth.APRIL.start.isoformat()}&range={truth.APRIL.last.isoformat()}"
BOXES: dict[DatasetName, str] = {name: f"taught-{name}" for name in DATASETS}


@pytest.fixture(scope="module")
def variant() -> Variant:
    """One of the many ways an API may differ: a nested envelope and a header of its own."""
    return next(
        each
        for each in islice(draw_variants(seed=7), 300)
        if len(each.envelope) > 1 and each.auth.header != "Authorization" and each.most == 1000
    )


@pytest.fixture(scope="module")
def other_api(variant: Variant) -> Iterator[Variants]:
    with Variants([variant]) as running:
        yield running


@pytest.fixture(scope="module")
def unset() -> Iterator[str]:
    """A dashboard without any settings."""
    with dashboard(USERLANE_SANDBOX="off") as address:
        yield address


def nps_answers() -> int:
    return len(truth.expected("nps"))


def all_answers(visitor: Visit) -> str:
    """The words of the NPS page when every answer counts, not one for each user."""
    visitor.main.get_by_text("Count each user once").click()
    return visitor.settled().text


def profile_of(visitor: Visit) -> tuple[str, bytes]:
    """The profile as it is downloaded."""
    with visitor.page.expect_download() as coming:
        visitor.main.get_by_role("button", name="Download the profile").click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_a_pasted_request_is_shown_used_and_kept_as_a_profile(
    begin: Begin, unset: str, variant: Variant, other_api: Variants, tmp_path: Path
) -> None:
    """Paste, see what was understood, connect, see the NPS page, take the profile; mounted, nobody pastes."""
    visitor = begin(unset).open(f"/nps?property={truth.PROPERTY_ID}&{APRIL}")
    visitor.main.get_by_text("My API looks different").click()
    visitor.settled()
    visitor.main.get_by_role("textbox", name="Survey ID in the survey request").fill(truth.SURVEY_ID)
    for name in DATASETS:
        box = visitor.main.locator(f".st-key-{BOXES[name]} textarea")
        box.fill(code(variant, name, other_api.base_url))
    visitor.press("Read the requests")
    assert "What was understood" in visitor.text
    for name in DATASETS:
        pasted = visitor.main.locator(f".st-key-{BOXES[name]} textarea").input_value()
        assert pasted
        assert truth.TOKEN not in pasted
    assert truth.TOKEN not in visitor.page.content()
    visitor.press("Use this").press("Connect")
    assert f"{nps_answers()} answers" in all_answers(visitor)
    visitor.go("Connect")
    file_name, content = profile_of(visitor)
    assert file_name.endswith(".toml")
    assert truth.TOKEN not in content.decode()
    profile = tmp_path / "profile.toml"
    profile.write_bytes(content)
    with dashboard(USERLANE_API_PROFILE=str(profile), USERLANE_SANDBOX="off") as mounted:
        colleague = begin(mounted).open(f"/nps?property={truth.PROPERTY_ID}&{APRIL}")
        colleague.connect(truth.TOKEN)
        assert f"{nps_answers()} answers" in all_answers(colleague)


def test_saved_answers_are_shown_without_a_token_and_marked_everywhere(
    begin: Begin, unset: str, tmp_path: Path
) -> None:
    """Files give the same pages; every number says that nobody knows whether it is all."""
    records = [
        {
            "id": number,
            "userId": f"u-{number}",
            "score": number % 11,
            "timestamp": f"2026-04-{1 + number % 30:02d}T08:00:00Z",
        }
        for number in range(60)
    ]
    for part, chunk in enumerate((records[:40], records[40:])):
        (tmp_path / f"page-{part}.json").write_text(json.dumps({"data": chunk}))
    visitor = begin(unset).open("/nps")
    visitor.main.get_by_text("Open saved JSON").click()
    visitor.settled()
    uploader = visitor.main.locator(".st-key-saved-nps input[type=file]")
    uploader.set_input_files([str(tmp_path / f"page-{part}.json") for part in range(2)])
    visitor.settled().press("Open the files")
    promoters = sum(bucket(number % 11) == "promoter" for number in range(60))
    assert f"{promoters}" in visitor.text
    assert "60 answers · from files, completeness unknown" in visitor.text
    assert visitor.text.count("completeness unknown") > 5
    visitor.go("HEART")
    assert "No file with HEART scores was opened" in visitor.text
