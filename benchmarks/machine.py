"""What figures were measured on."""

import os
import platform
from pathlib import Path

MB = 1_000_000


def described() -> str:
    """Cores, processor, memory and Python, in one line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} core{'s' if cores != 1 else ''} ({_processor()}), {memory:.0f} GiB of memory, "
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
    )


def peak(process: int | str = "self") -> float:
    """The most memory a process has held so far, in MB (10⁶ bytes): the resident set's high-water mark.

    Read from the kernel's own account of the process: what `getrusage` gives begins with the peak of the
    process that started this one.
    """
    return _status(process, "VmHWM:")


def worked(process: int) -> float:
    """Seconds of processor time a process has taken so far, its own and the system's for it."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(process: int | str, field: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in lines if line.startswith(field))
    return int(found.split()[1]) * 1024 / MB


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
