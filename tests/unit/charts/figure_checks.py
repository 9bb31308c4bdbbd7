"""Checks that hold for every figure."""

import json
from typing import Any, NoReturn

import plotly.graph_objects as go

from userlane.charts.palette import luminance


def checked(figure: Any) -> Any:
    """The figure, if a page may draw it: SVG, untitled, strict JSON, with a text for every point."""
    json.loads(figure.to_json(), parse_constant=_refuse)
    assert figure.layout.title.text is None
    assert 60 <= figure.layout.height <= 800
    for trace in figure.data:
        assert type(trace) in {go.Scatter, go.Bar}
        if isinstance(trace, go.Scatter):
            assert trace.connectgaps is False
            assert "markers" in (trace.mode or "")
        if trace.hoverinfo != "skip":
            assert len(trace.hovertext) == len(trace.y)
    return figure


def named(figure: Any, name: str) -> Any:
    """The trace shown in the legend under this name."""
    (trace,) = [each for each in figure.data if each.name == name and each.showlegend is not False]
    return trace


def texts(figure: Any) -> list[str]:
    """Every text anywhere in the figure, as plotly is given it."""
    return list(_texts(json.loads(figure.to_json())["data"])) + list(_texts(figure.layout.to_plotly_json()))


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple):
        return [text for each in part for text in _texts(each)]
    return [part] if isinstance(part, str) else []


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(constant)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    >>> round(contrast("#777777", "#FFFFFF"), 2)
    4.48
    """
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
