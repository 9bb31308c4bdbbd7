"""The API's address and profile, and the user's token."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from userlane.contract.profile import ASSUMED, Profile
from userlane.errors import TokenUnusable

_PROCESS_KEY = secrets.token_bytes(32)
_INVISIBLE = re.compile(r"[\s\u00a0\u00ad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+")
_QUOTES = "\"'`“”‘’«»"

_LIVE: "WeakValueDictionary[int, Token]" = WeakValueDictionary()
_LEAST_SECRET, _LAYERS = 8, 3
_RUN = re.compile(r"[!-~]+")
_ESCAPED = re.compile(r"\\+(?:x|u00)([0-9a-f]{2})|%(?:25)*([0-9a-f]{2})", re.IGNORECASE)


def remove_tokens(text: str) -> str:
    """Replace every token of this process in `text` with “…”, also if escaped for a URL, JSON or a `repr`.

    Tokens of fewer than 8 characters stay: they are no secrets, and a user who types “e” as a token must not
    blank out the log of all users.
    """
    # `valuerefs` returns a copy: other threads create and drop tokens at the same time.
    texts = {token._text for reference in _LIVE.valuerefs() if (token := reference())}  # noqa: SLF001  # its own
    held = sorted((each for each in texts if len(each) >= _LEAST_SECRET), key=len, reverse=True)
    for secret in held:
        text = text.replace(secret, "…")
    if not held or not ("%" in text or "\\" in text):
        return text
    bare = [each for each in map(_unescaped, held) if len(each) >= _LEAST_SECRET // 2]
    return _RUN.sub(lambda run: "…" if any(each in _unescaped(run[0]) for each in bare) else run[0], text)


def _unescaped(run: str) -> str:
    for _ in range(_LAYERS):
        run = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), run)
    return run.replace("\\", "")


class Token:
    """A user's API token. Only `Token.header` returns its text; it cannot be pickled or printed."""

    __slots__ = ("__weakref__", "_text", "fingerprint")

    def __init__(self, text: str) -> None:
        """Remove what is pasted with a token: white space, invisible characters, quotes, a leading `Bearer`.

        Raises:
            TokenUnusable: The remaining text is empty or not printable ASCII.
        """
        pasted = _INVISIBLE.sub(" ", text).strip().strip(_QUOTES).strip()
        pasted = re.sub(r"^(authorization\s*:\s*)?(bearer|token)\s+", "", pasted, flags=re.IGNORECASE)
        cleaned = pasted.replace(" ", "").strip(_QUOTES)
        if not cleaned:
            raise TokenUnusable("The token is missing.", "Copy it from the Portal: Settings > API Token.")
        if not (cleaned.isascii() and cleaned.isprintable()):
            raise TokenUnusable(
                "The token holds characters no token has.",
                "Copy it again from the Portal (Settings > API Token), the whole of it and nothing else.",
            )
        self._text = cleaned
        self.fingerprint: str = hmac.new(_PROCESS_KEY, cleaned.encode(), hashlib.sha256).hexdigest()
        """Identifies the token within this process; useless outside it."""
        _LIVE[id(self)] = self

    def header(self, scheme: str) -> str:
        """Return the value of the authentication header."""
        return f"{scheme} {self._text}" if scheme else self._text

    def keyed_hash(self, key: bytes) -> str:
        """Returns 32 hexadecimal digits: the same for this token under the same `key`, and worthless to
        whoever does not know the key.
        """
        return hmac.new(key, self._text.encode(), hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        return "Token(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> str:
        raise TypeError("a token is never serialised")


@dataclass(frozen=True, slots=True)
class Connection:
    """An API's address and profile, and the user's token.

    `lasting` says whether loaded records are stored beyond this process; records of the sandbox are not.
    """

    base_url: str
    token: Token
    profile: Profile = field(default=ASSUMED)
    lasting: bool = True

    @property
    def api(self) -> str:
        """Identifies address and profile, for any token."""
        return hashlib.sha256(f"{self.base_url}\0{self.profile!r}".encode()).hexdigest()[:32]

    @property
    def scope(self) -> str:
        """Identifies address, profile and token within this process; useless outside it."""
        return hashlib.sha256(f"{self.api}\0{self.token.fingerprint}".encode()).hexdigest()
