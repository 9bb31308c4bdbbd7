"""The texts behind the codes of stored tag records: each tag and user ID gets a number, and keeps it.

A lexicon is written by one process alone, the one that holds its lock, so nothing has to be agreed on: what
another process writes has the codes of a lexicon of its own, and `parts` brings several together. It grows by
whole files that never change; from time to time one of them takes the place of all before it.

lock      who writes a lexicon
index     codes by text
texts     one lexicon
lexicons  those of one property, whoever writes them
"""

from userlane.store.lexicon.lexicons import Lexicons, remove
from userlane.store.lexicon.lock import Lock
from userlane.store.lexicon.texts import Lexicon

__all__ = ["Lexicon", "Lexicons", "Lock", "remove"]
