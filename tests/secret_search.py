"""Looking for a secret in whatever form it may have slipped out."""

import base64
import json
import re
from collections.abc import Mapping
from urllib.parse import quote


def forms(secret: str) -> Mapping[str, bytes]:
    """The secret as it is, escaped, encoded and backwards: what each is called, and the bytes to look for."""
    plain = secret.encode()
    base64s = {f"base64 at {offset}": _within_base64(plain, offset) for offset in range(3)}
    urlsafe = {f"URL-safe {name}": code.translate(_URLSAFE) for name, code in base64s.items()}
    return {
        "plain": plain,
        "percent-encoded": quote(secret, safe="").encode(),
        "percent-encoded but for slashes": quote(secret).encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "hex": plain.hex().encode(),
        "upper-case hex": plain.hex().upper().encode(),
        "reversed": plain[::-1],
        "in UTF-16": secret.encode("utf-16-le"),
        **base64s,
        **urlsafe,
    }


def found(secret: str, places: Mapping[str, bytes | str]) -> list[str]:
    """Where the secret is, and in which form: one line for each.

    Neither colours of a terminal hide it nor what keeps Markdown from being read as such.
    """
    looked_for = forms(secret)
    seen = []
    for place, content in places.items():
        whole = content if isinstance(content, bytes) else content.encode(errors="replace")
        bare = _BETWEEN.sub(b"", whole)
        seen += [f"{place}: {form}" for form, code in looked_for.items() if code in whole or code in bare]
    return seen


_BETWEEN = re.compile(rb"\x1b\[[0-9;]*m|\\|" + "\u2060".encode())
_URLSAFE = bytes.maketrans(b"+/", b"-_")


def _within_base64(plain: bytes, offset: int) -> bytes:
    """The signs that are the same whatever stands around the secret, `offset` bytes after a group's begin."""
    code = base64.b64encode(bytes(offset) + plain)
    return code[-(-offset * 8 // 6) : (offset + len(plain)) * 8 // 6]
