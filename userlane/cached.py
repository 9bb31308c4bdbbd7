"""What is kept between runs and shared by visitors. The only caches of the screen; each is bounded.

Nothing here is keyed by a visitor's arguments alone: results are keyed by dataset fingerprints, which are
never shared between tokens (see `contract.Dataset`).
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from userlane import engine
from userlane.contract import Dataset, Measured, measure, shown
from userlane.fetch import Fetcher
from userlane.metrics.tags import roll_up
from userlane.sandbox import Sandbox, serve
from userlane.settings import Settings

T = TypeVar("T")


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """This deployment's settings, read once a process."""
    return Settings.read()


@st.cache_resource(show_spinner=False)
def fetcher() -> Fetcher:
    """The one fetcher of this process, and with it the store and the bound on requests in flight; what it
    brings is counted by the engine of the settings.
    """
    engine.choose(settings().engine)
    return Fetcher(settings(), after=roll_up)


@st.cache_resource(show_spinner=False)
def sandbox() -> Sandbox:
    """The sample data's server, started when it is first asked for; it ends with the process."""
    return serve()


def measured(metric: Callable[..., T], *datasets: Dataset, **options: Any) -> Measured[T]:
    """`measure(metric, *datasets, **options)`, computed once for the same rows and options.

    Meant for metrics over many rows; `options`, and what was `Measured` among them, must have a `repr` that
    tells them apart.
    """
    values = {name: shown(each) if isinstance(each, Measured) else each for name, each in options.items()}
    described = repr((metric.__module__, metric.__qualname__, sorted(values.items())))
    key = "\0".join((described, *(dataset.fingerprint for dataset in datasets)))
    digest = hashlib.sha256(key.encode()).hexdigest()

    def once(*given: Dataset, **taken: Any) -> T:
        result: T = _computed(digest, lambda: metric(*given, **taken))
        return result

    return measure(once, *datasets, **options)


@st.cache_data(max_entries=500, ttl="1h", show_spinner=False)
def _computed(key: str, _compute: Callable[[], Any]) -> Any:  # noqa: ARG001  # the key is what is cached by
    return _compute()
