"""Who asks: the API's address and the user's token."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from userlane.contract.profile import ASSUMED, Profile
from userlane.errors import TokenUnusable

_PROCESS_KEY = secrets.token_bytes(32)
_INVISIBLE = re.compile(r"[\s\u00a0\u00ad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+")
_QUOTES = "\"'`“”‘’«»"


class Token:
    """A user's API token. Only `Token.header` gives its text away; it cannot be pickled or printed."""

    __slots__ = ("_text", "fingerprint")

    def __init__(self, text: str) -> None:
        """Clean what people paste: white space, invisible characters, quotes, a leading `Bearer`.

        Raises `TokenUnusable` if what is left is empty or not printable ASCII.
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
        """Tells tokens apart within this process; worthless outside it."""

    def header(self, scheme: str) -> str:
        """The value of the authentication header."""
        return f"{scheme} {self._text}" if scheme else self._text

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
    """An API, how to speak to it, and the token of the one who asks."""

    base_url: str
    token: Token
    profile: Profile = field(default=ASSUMED)

    @property
    def scope(self) -> str:
        """Whose rows these are: one text per address, profile and token. Part of every cache key."""
        described = f"{self.base_url}\0{self.token.fingerprint}\0{self.profile!r}"
        return hashlib.sha256(described.encode()).hexdigest()
