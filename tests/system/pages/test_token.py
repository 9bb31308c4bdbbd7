"""A token is typed once: the page lets go of it at once, the visit keeps it while it may be of use."""

from tests.system.pages.conftest import Open
from userlane.sandbox import TOKEN, Sandbox


def test_a_token_need_not_be_typed_again_after_another_mistake(own: Open) -> None:
    """An unknown property is no fault of the token: the next try may leave its field empty."""
    visitor = own().connect(TOKEN, "nosuch")
    assert TOKEN not in visitor.sent
    assert visitor.again().form[0].placeholder.startswith("Known already")
    assert visitor.connect("", "demo").title == "Overview"
    assert visitor.numbers_drawn()


def test_a_rejected_token_is_not_kept(own: Open, api: Sandbox) -> None:
    """Nobody is asked with it a second time."""
    visitor = own().connect("token-of-yesterday", "demo")
    before = api.requests
    visitor.connect("", "demo")
    assert api.requests == before
    assert visitor.alerts
