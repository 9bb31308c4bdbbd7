"""Ports of this machine for servers that run in processes of their own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved() -> Iterator[int]:
    """A port that nobody else is given while this is entered.

    It is bound and not listened on: connections are refused until a server that is told the port listens. One
    that was freed instead could become anybody's before that server starts.
    """
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]
