"""How many records one load may take in."""

from threading import Lock


class Room:
    """How many records one load may still take in, over all its walks."""

    def __init__(self, records: int) -> None:
        self._all = records
        self._left = records
        self._lock = Lock()

    def take(self, records: int) -> bool:
        """Whether there was room for these."""
        with self._lock:
            if records > self._left:
                return False
            self._left -= records
            return True

    def give_back(self, records: int) -> None:
        """These were taken in, and are to be taken in once more in place of what they were."""
        with self._lock:
            self._left += records

    @property
    def reason(self) -> str:
        """Why a walk stopped for want of room."""
        return f"There are more than {self._all:,} records (USERLANE_MAX_ROWS); the rest is left out."
