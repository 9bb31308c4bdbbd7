"""A body, unpacked within bounds: of size, of time, and of memory for all bodies together."""

import zlib
from collections.abc import Iterator
from io import BytesIO
from threading import Lock

import httpx

from userlane.client.transport import RequestDeadline
from userlane.errors import NotData, ResponseTooLarge, Unreachable

_STEP = 2**20
_LARGE = 4 * 2**20
"""Many times a page of 1,000 records."""

_BLINK = 0.1


def body(response: httpx.Response, watch: RequestDeadline, cap: int, large: Lock) -> bytes:
    """The body, unpacked in bounded steps: a megabyte of gzip can hold a gigabyte.

    Only one page at a time grows large, so that a few of them, asked for side by side, are not a few times
    the cap: that one holds the lock `large`, and others wait for it.

    Raises `ResponseTooLarge` above `cap` bytes; `Unreachable` if it breaks off, `NotData` if it is packed
    in another way than gzip; what `RequestDeadline.check` raises; and the exceptions of httpx.
    """
    holds = False
    try:
        # A buffer gives its content away without a copy, where joined pieces would be there twice; and closed
        # it is empty, where the traceback of an error would keep the pieces.
        with BytesIO() as buffer:
            for piece in _unpacked(response):
                watch.check()
                size = buffer.tell() + len(piece)
                if size > cap:
                    raise ResponseTooLarge(
                        f"One page is larger than {cap / 2**20:.0f} MB.",
                        "That is no page of 1,000 records: check the address.",
                    )
                while size > _LARGE and not holds:
                    holds = large.acquire(timeout=_BLINK)
                    watch.check()
                buffer.write(piece)
            return buffer.getvalue()
    finally:
        if holds:
            large.release()


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    if response.is_stream_consumed:  # an injected transport answered with a body already read
        yield response.content
        return
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing == "identity":
        yield from response.iter_raw()
        return
    if packing not in {"gzip", "x-gzip"}:
        raise NotData(
            "The answer is packed in a way that was not asked for.", "Check for a proxy in between."
        )
    unzip = zlib.decompressobj(wbits=31)
    packed = b""
    try:
        for packed in response.iter_raw():
            rest = packed
            while rest:
                yield unzip.decompress(rest, _STEP)
                rest = unzip.unconsumed_tail
        while packed and not unzip.eof and (piece := unzip.decompress(b"", _STEP)):
            yield piece
    except zlib.error:
        raise Unreachable("The answer could not be unpacked.", "Load again.") from None
    if packed and not unzip.eof:
        raise Unreachable("The answer broke off before it was whole.", "Load again.")
