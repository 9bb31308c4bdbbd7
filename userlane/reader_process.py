"""Read what a stranger pasted or uploaded in a child process, so that nothing in it can stop the server.

The child is a new Python interpreter (`python -m userlane.reader_process`), never a fork: Streamlit has
threads and a `__main__` of its own. It gets the files and arguments through its standard input, limits its
own memory, calls one function, and writes the result to its standard output. It gets none of the server's
environment.
"""

import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer
from traceback import walk_tb
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import msgspec

from userlane import errors
from userlane.contract import Token

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("userlane.reader_process")

WAIT_SECONDS = 5.0
"""How long a visitor waits while another visitor's input is read."""

MAX_RESULT_BYTES = 128 * 2**20

_ROOT = Path(__file__).parents[1]
_MIB = 2**20
_SIZE_BYTES = 4
_READING = Lock()
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONTZPATH", "TZDIR")
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    # Each of these would reserve far more address space than is used, and the limit counts what is reserved.
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one input may take, and how an input that takes more is refused.

    `seconds` is counted from the start of the child. `memory` is in bytes of address space, on Linux only:
    of the whole child, or, if `above_imports`, in addition to what its imports have mapped. `error` is raised
    with a sentence about the `subject` and with `next_step`.
    """

    seconds: float
    memory: int
    above_imports: bool
    error: type[errors.InputUnusable]
    subject: str
    next_step: str

    def refuse(self, reason: str) -> errors.InputUnusable:
        """Return the error that says why the input is refused."""
        return self.error(f"{self.subject} {reason}.", self.next_step)


PASTE = Limits(
    seconds=2,
    memory=256 * _MIB,
    above_imports=False,
    error=errors.RequestUnusable,
    subject="The pasted code",
    next_step="Paste the code of one request, as “Try it” copies it.",
)
FILE = Limits(
    seconds=10,
    memory=256 * _MIB,
    above_imports=True,
    error=errors.UploadRefused,
    subject="The upload",
    next_step="Upload a smaller file, or one in place of several.",
)


class _Task(msgspec.Struct, array_like=True):
    """What the child is to do; the files follow it, `sizes` bytes each."""

    module: str
    function: str
    sizes: list[int]
    arguments: list[Any]
    named_arguments: dict[str, Any]
    memory: int
    above_imports: bool


class _Reply(msgspec.Struct, array_like=True):
    """The result, or the name of an error (of `userlane.errors`, or `MemoryError`) and what it is made of."""

    result: msgspec.Raw = msgspec.Raw(b"\xc0")  # nil
    error: str = ""
    details: dict[str, Any] = {}
    place: str = ""


def run_reader(
    limits: Limits | None,
    reader: Callable[Concatenate[list[bytes], P], T],
    files: Sequence[bytes],
    *arguments: P.args,
    **named_arguments: P.kwargs,
) -> T:
    """Return `reader(files, *arguments, **named_arguments)`, computed in a child process within `limits`.

    One child runs at a time. `reader` is a function of a module, with a type for its result; msgspec must be
    able to carry the arguments and the result. Without `limits`, this process reads, as on the command line:
    there, files and code are the user's own, and a process that is ended stops nobody else.

    Raises:
        UserlaneError: What the reader raised.
        InputUnusable: The limits' own error: the input takes too long, or too much memory, or the child has
            failed, or another visitor's input has been read for `WAIT_SECONDS`.
    """
    if limits is None:
        return reader([*files], *arguments, **named_arguments)
    task = _Task(
        reader.__module__,
        reader.__qualname__,
        [len(file) for file in files],
        list(arguments),
        named_arguments,
        limits.memory,
        limits.above_imports,
    )
    if not _READING.acquire(timeout=WAIT_SECONDS):
        raise limits.error("The server is reading somebody else's file.", "Try again in a moment.")
    try:
        code, output = _run_child(task, files, limits.seconds)
    finally:
        _READING.release()
    if code is None:
        raise limits.refuse(f"takes longer than {limits.seconds:g} seconds to read")
    try:
        reply = msgspec.msgpack.decode(output, type=_Reply)
    except msgspec.DecodeError:
        reply = _Reply(error="MemoryError")  # what is not Python ends the process where memory is refused
        log.warning("reader ended without a reply: reader=%s code=%s", reader.__qualname__, code)
    if not reply.error:
        kind = get_type_hints(reader)["return"]
        result: T = msgspec.msgpack.decode(reply.result, type=kind, dec_hook=lambda made, text: made(text))
        return result
    if reply.error == "MemoryError":
        raise limits.refuse(f"takes more than {limits.memory // _MIB} MB of memory to read")
    if known := getattr(errors, reply.error, None):
        error: errors.UserlaneError = known(reply.details.pop("cause"), reply.details.pop("next_step"))
        for name, value in reply.details.items():
            setattr(error, name, value)
        raise error
    log.error("reader failed: error=%s place=%s", reply.error, reply.place)
    raise limits.refuse("cannot be read: the program that reads it has failed")


def _run_child(task: _Task, files: Sequence[bytes], seconds: float) -> tuple[int | None, bytes]:
    """Return the child's exit code, None when its time was over, and what it wrote."""
    packed = msgspec.msgpack.encode(task)
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-s", "-P", "-X", "utf8", "-m", "userlane.reader_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may quote the input, and with it a token
        env=_ENVIRONMENT | kept,
        start_new_session=True,
    )
    late = False

    def end() -> None:
        nonlocal late
        late = True
        _kill(child)

    timer = Timer(seconds, end)
    timer.start()
    with child:
        assert child.stdin  # noqa: S101 - both are pipes
        assert child.stdout  # noqa: S101
        try:
            with suppress(BrokenPipeError):  # the child has ended before it read all
                # The child writes nothing before it has read everything, so neither waits for the other.
                for part in (len(packed).to_bytes(_SIZE_BYTES), packed, *files):
                    child.stdin.write(part)
                child.stdin.close()
            output = child.stdout.read(MAX_RESULT_BYTES + 1)
        finally:
            timer.cancel()
            _kill(child)
    return (None if late else child.returncode), output[:MAX_RESULT_BYTES]


def _kill(child: subprocess.Popen[bytes]) -> None:
    # The child is the leader of its group, and is not yet waited for, so the number is still its own.
    if child.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, 9)


def main() -> None:
    """Do the one task that stands on standard input, and write the reply to standard output."""
    source = sys.stdin.buffer
    size = int.from_bytes(source.read(_SIZE_BYTES))
    task = msgspec.msgpack.decode(source.read(size), type=_Task)
    reader = getattr(importlib.import_module(task.module), task.function)
    _limit_memory(task.memory, above_imports=task.above_imports)
    try:
        files = [source.read(size) for size in task.sizes]
        result = reader(files, *task.arguments, **task.named_arguments)
        reply = _Reply(msgspec.Raw(msgspec.msgpack.encode(result, enc_hook=_text_of)))
    except errors.UserlaneError as error:
        reply = _Reply(error=type(error).__name__, details=vars(error))
    except MemoryError:
        reply = _Reply(error="MemoryError")
    except Exception as error:  # noqa: BLE001 - its words may quote the input; its place does not
        reply = _Reply(error=type(error).__name__, place=_place_of(error))
    sys.stdout.buffer.write(msgspec.msgpack.encode(reply))
    sys.stdout.buffer.flush()


def _limit_memory(size: int, *, above_imports: bool) -> None:
    if sys.platform != "linux":
        return  # macOS does not hold a process to such a limit
    import resource  # noqa: PLC0415 - there on Unix only

    if above_imports:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        size += pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _text_of(value: Any) -> str:
    if isinstance(value, Token):
        return value.header("")
    raise TypeError(f"{type(value).__name__} cannot be carried")


def _place_of(error: Exception) -> str:
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{Path(frame.f_code.co_filename).name}:{line}"


if __name__ == "__main__":
    main()
