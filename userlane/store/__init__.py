"""What was fetched, window by window, and for how long it is good.

pieces    one window's rows, and what a store is
memory    pieces in memory
files     one piece as one file
folder    pieces as files
cover     which of them together answer a query
answer    pieces side by side become a dataset
"""

from userlane.store.answer import SMALL_SCORES, dataset, notes
from userlane.store.cover import Cover
from userlane.store.folder import FolderStore
from userlane.store.memory import MemoryStore
from userlane.store.pieces import Held, Piece, Proof, Store

__all__ = [
    "SMALL_SCORES",
    "Cover",
    "FolderStore",
    "Held",
    "MemoryStore",
    "Piece",
    "Proof",
    "Store",
    "dataset",
    "notes",
]
