"""What was fetched, window by window: who may see it, how long it is good for."""

from userlane.store.pieces import SMALL_SCORES, MemoryStore, Piece, Proof, Store, dataset, notes

__all__ = ["SMALL_SCORES", "MemoryStore", "Piece", "Proof", "Store", "dataset", "notes"]
