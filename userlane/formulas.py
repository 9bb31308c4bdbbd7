r"""Text that a spreadsheet would run as a formula is made harmless with an apostrophe, and given back.

One rule for what this app writes and what it reads: an apostrophe is put before every place where a cell
could begin and where, after any apostrophes and then spaces, control or invisible characters, stands one of
`= + - @`, their full-width forms, TAB, CR or LF. A cell begins where the text begins; and, for a spreadsheet
that takes the wrong delimiter, after each `;`, TAB and line break inside the text. Not after a comma: that is
the delimiter of the files written here, in which texts stand in double quotes.

As places that already have an apostrophe get one more, no text is lost: `unescape` undoes `escape`.
Source: OWASP, "CSV Injection".
"""

import re

# What spreadsheets and importers trim or drop before they look at a cell: controls, spaces, invisible signs.
_PASSED_OVER = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x20\\x7f\u0080-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_SIGNS = "=+\\-@＝＋－＠﹢﹣﹦﹫"
_DELIMITERS = ";\\t\\r\\n"

AT_START = f"^('*[{_PASSED_OVER}]*[{_SIGNS}\\t\\r\\n])"
"""What would act at the beginning of a text, for regular expressions with and without looking ahead."""

INSIDE = f"([{_DELIMITERS}])('*[{_PASSED_OVER}]*[{_SIGNS}])"
"""What would act further inside: the delimiter, and what follows it."""

_AT_START, _INSIDE = re.compile(AT_START), re.compile(INSIDE)


def escape(text: str) -> str:
    """`text` so that no spreadsheet takes it, or a part of it, for a formula.

    >>> escape("=1+1"), escape(" @x"), escape("'=1+1"), escape("it's")
    ("'=1+1", "' @x", "''=1+1", "it's")
    >>> escape("slow;=1+1;")
    "slow;'=1+1;"
    """
    return _AT_START.sub(r"'\1", _INSIDE.sub(r"\1'\2", text))


def unescape(text: str) -> str:
    """The text that `escape` was given; anything else as it is.

    >>> unescape("'=1+1"), unescape("''=1+1"), unescape("slow;'=1+1;"), unescape("'tis")
    ('=1+1', "'=1+1", 'slow;=1+1;', "'tis")
    """
    if "'" not in text:
        return text
    if text.startswith("'") and _AT_START.match(text):
        text = text[1:]
    return _INSIDE.sub(lambda found: found[1] + found[2].removeprefix("'"), text)
