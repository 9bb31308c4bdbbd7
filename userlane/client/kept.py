"""What is remembered of one token or one API, without growing for ever."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Kept(Generic[_K, _V]):
    """Values made when they are first asked for. The `most` used last are kept, and any that somebody holds:
    one key never has two values in use.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: WeakValueDictionary[_K, _V] = WeakValueDictionary()
        self._latest: OrderedDict[_K, _V] = OrderedDict()
        self._lock = Lock()

    def of(self, key: _K, make: Callable[[], _V]) -> _V:
        """The value of `key`."""
        with self._lock:
            value = self._held.get(key)
            if value is None:
                value = self._held[key] = make()
            self._latest[key] = value
            self._latest.move_to_end(key)
            if len(self._latest) > self._most:
                self._latest.popitem(last=False)
            return value
