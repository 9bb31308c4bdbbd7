"""Foreign text in figures: it is shown and cannot act.

Plotly reads its texts as a small HTML in which links are live. Names from the API or a CSV go through
`escape_label`, and into hover texts only, never into a template, where `%{…}` would be filled in.
"""

import html
import textwrap

from userlane.formatting import isolate

LONGEST = 28
LONGEST_WHOLE = 300
_LINE = 36


def escape_label(text: object, *, whole: bool = False) -> str:
    """Return foreign text escaped: on one line, cut after 28 characters, or `whole` over several lines.

    What is called whole is cut after 300 characters, so that a name never covers the figure.

    >>> escape_label("<a href='https://example.com'>Click</a> me & win")
    "&lt;a href='https://example.co…"
    """
    longest = LONGEST_WHOLE if whole else LONGEST
    clean = "".join(each for each in " ".join(str(text)[: 4 * LONGEST_WHOLE].split()) if each.isprintable())
    if len(clean) > longest:
        clean = clean[: longest - 1].rstrip() + "…"
    lines = textwrap.wrap(clean, _LINE) if whole else [clean]
    return "<br>".join(isolate(html.escape(line, quote=False)) for line in lines)


def hover_prefix(name: object) -> str:
    """Return what hover texts of something with a foreign name begin with.

    The words stand after the name, or under it if the name is long.

    >>> hover_prefix("Export") + "3 users"
    'Export: 3 users'
    """
    whole = escape_label(name, whole=True)
    return f"{whole}: " if whole == escape_label(name) else f"{whole}<br>"
