"""What was fetched, window by window, and for how long it is good.

pieces    one window's rows, and what a store is
lexicon   the texts behind the codes of tag records
parts     tag records in codes, and several of them as one answer
memory    pieces in memory
whole     files that are whole or not there
files     one piece as one file
sums      sums over records that never change
folder    pieces as files
cover     which of them together answer a query
answer    pieces side by side become a dataset
"""

from userlane.store.answer import SMALL_SCORES, dataset, notes
from userlane.store.cover import Cover
from userlane.store.folder import FolderStore, Listed
from userlane.store.memory import MemoryStore
from userlane.store.pieces import Held, Piece, Proof, Store

__all__ = [
    "SMALL_SCORES",
    "Cover",
    "FolderStore",
    "Held",
    "Listed",
    "MemoryStore",
    "Piece",
    "Proof",
    "Store",
    "dataset",
    "notes",
]
