"""The app without a browser: what a visitor could read on a page, and the moves to be made there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Multiselect

ROOT = Path(__file__).parents[3]
TITLES = ("Overview", "HEART", "NPS", "Surveys", "Tags", "Connect")
DATA_TITLES = TITLES[:-1]


@dataclass(frozen=True)
class Card:
    """One number: as written, its change as written (empty without one), and the line below it."""

    value: str
    change: str
    below: str


class _Typing(Multiselect[str]):
    """A list into which one may also type; what it does not know travels as it was typed."""

    @property
    def values(self) -> list[str]:
        shown = {each: self.format_func(each) for each in self.value}
        return [name if name in self.options else each for each, name in shown.items()]


class Screen:
    """One visitor's app in this process, drawn by its own entry script."""

    def __init__(self, **link: str | list[str]) -> None:
        """Open the app, by a link with these parameters if there are any."""
        self.app = AppTest.from_file(ROOT / "userlane" / "main.py", default_timeout=60)
        self.app.query_params.update(link)
        self._ran(self.app)

    def go(self, title: str) -> Self:
        """Choose a page in the navigation."""
        return self._ran(self.app.switch_page(f"../pages/{title.lower()}.py"))

    def again(self) -> Self:
        """Have the page drawn once more."""
        return self._ran(self.app)

    def press(self, name: str) -> Self:
        """Press the button of this name; the first, where several mean the same."""
        return self._ran(next(button for button in self.app.button if button.label == name).click())

    def press_key(self, key: str) -> Self:
        """Press the button of this key."""
        return self._ran(next(button for button in self.app.button if button.key == key).click())

    def choose(self, key: str, value: Any) -> Self:
        """Give the widget of this key a value, also one that its list does not have yet."""
        widgets = (*self.app.selectbox, *self.app.multiselect, *self.app.toggle, *self.app.date_input)
        controls = (*widgets, *self.app.button_group, *self.app.text_input)
        (widget,) = (widget for widget in controls if widget.key == key)
        if widget.type == "multiselect":
            widget.__class__ = _Typing
        elif widget.type == "selectbox" and widget.format_func(value) not in widget.options:
            widget.options.append(value)
        return self._ran(widget.set_value(value))

    def upload(self, name: str, content: bytes) -> Self:
        """Give a file to the page's upload."""
        (field,) = self.app.file_uploader
        return self._ran(field.set_value((name, content, "text/csv")))

    def _ran(self, changed: Any) -> Self:
        """Run the script with what was changed; no page may ever break, whatever it has to say."""
        changed.run()
        assert not self.app.exception, self.app.exception
        return self

    def connect(self, token: str, property_id: str, surveys: str = "", press: str = "Connect") -> Self:
        """Fill in the connection form and press one of its buttons."""
        for field, text in zip(self.form, (token, property_id, surveys), strict=True):
            field.set_value(text)
        return self.press(press)

    @property
    def form(self) -> list[Any]:
        """The fields of the connection form, where there is one: token, property, surveys."""
        main = self.app.main
        fields = (*main.text_input, *main.selectbox, *main.text_area)
        return [field for field in fields if field.form_id == "connect"]

    def open_sample(self) -> Self:
        """Take the offer that needs no token."""
        return self.press("Open the sample data")

    @property
    def title(self) -> str:
        """The heading of the page."""
        (title,) = self.app.title
        return str(title.value)

    @property
    def cards(self) -> dict[str, Card]:
        """The numbers of the page, by what they are called."""
        found = {}
        for block in _blocks(self.app.main):
            children = list(block.children.values())
            for metric, below in pairwise(children):
                if metric.type == "metric":
                    kinds = {"caption", "markdown"}
                    assert below.type in kinds, f"{metric.label} stands without its n and state"
                    found[read(metric.label)] = Card(metric.proto.body, metric.delta, read(below.value))
        assert len(found) == len(self.app.metric)
        return found

    def beside(self, kind: str) -> list[tuple[Any, Any, Any]]:
        """Each element of a kind with the one before and the one after it."""
        found = []
        for block in _blocks(self.app.main):
            children = list(block.children.values())
            for at, child in enumerate(children):
                if child.type == kind:
                    after = children[at + 1] if at + 1 < len(children) else None
                    found.append((children[at - 1] if at else None, child, after))
        return found

    @property
    def words(self) -> str:
        """All that can be read in the main part of the page, a line for each element."""
        return "\n".join(read(text) for text in _texts(self.app.main))

    @property
    def alerts(self) -> str:
        """The errors and warnings of the page."""
        return "\n".join(read(each.value) for each in (*self.app.main.error, *self.app.main.warning))

    @property
    def sent(self) -> str:
        """Every byte the browser is sent to draw the page, as text."""
        nodes = [node for part in self.app._tree.children.values() for node in _nodes(part)]
        messages = [node.proto for node in nodes if getattr(node, "proto", None) is not None]
        return "\n".join(
            str(message) + repr(message.SerializeToString())
            for message in messages
            if hasattr(message, "SerializeToString")
        )

    def numbers_drawn(self) -> int:
        """How many cards, charts, tables and downloads the page shows."""
        kinds = ("metric", "plotly_chart", "dataframe", "download_button")
        return sum(len(self.app.main.get(kind)) for kind in kinds)


def read(text: object) -> str:
    """Markdown as it is read: without badges and colours, and the marks that keep foreign text plain."""
    plain, coloured = "", str(text)
    while plain != coloured:  # one may be inside the other
        plain, coloured = coloured, re.sub(r"(?<!\\):[a-z-]+\[([^\[\]\\]*)\]", r"\1", coloured)
    return re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", plain).replace("\u2060", "").replace("\u202f", " ")


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def _blocks(node: Any) -> Iterator[Any]:
    return (each for each in _nodes(node) if hasattr(each, "children"))


def _texts(node: Any) -> Iterator[str]:
    for each in _nodes(node):
        for name in ("label", "value", "help"):
            text = getattr(each, name, None)
            if isinstance(text, str) and text:
                yield text
