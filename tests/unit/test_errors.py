"""The error tree as drawn is the error tree as built."""

import re

import pytest

from userlane import errors
from userlane.errors import UserlaneError


def drawn() -> dict[str, str]:
    """Each error's name and its parent's, read off the docstring's drawing."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.fullmatch(r"    ((?:│   |    )*)(?:[├└]── )?(\w+)", line):
            depth = len(found[1]) // 4 + ("── " in line)
            above[depth:] = [found[2]]
            parents[found[2]] = above[depth - 1] if depth else "Exception"
    return parents


def built() -> dict[str, str]:
    classes = [UserlaneError]
    for each in classes:
        classes.extend(each.__subclasses__())
    return {
        each.__name__: each.__bases__[0].__name__ for each in classes if each.__module__ == errors.__name__
    }


def test_the_drawing_in_the_docstring_equals_the_classes() -> None:
    assert drawn() == built()
    assert len(drawn()) > 20


def test_an_error_reads_as_its_cause_and_next_step() -> None:
    error = errors.NotFound("No such property.", "Compare the ID.")
    assert (error.cause, error.next_step, str(error)) == (
        "No such property.",
        "Compare the ID.",
        "No such property. Compare the ID.",
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.WindowUnusable("x"), 2),
        (errors.LoadStopped("x"), 3),
        (errors.TokenRejected("x"), 4),
        (errors.RightsMissing("x"), 4),
        (errors.ServerFailed("x"), 5),
        (errors.UploadRefused("x"), 5),
    ],
)
def test_exit_codes_follow_the_command_line_of_the_design(error: UserlaneError, code: int) -> None:
    assert error.exit_code == code


def test_only_what_can_pass_by_itself_is_retried() -> None:
    retryable = {name for name in built() if getattr(errors, name).retryable}
    assert retryable == {"Unreachable", "TooSlow", "Throttled", "ServerFailed"}
