"""How much memory there is, and refusing work that would not fit *before* it allocates."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from cheapfast._validate import integer

_UNITS = "KMGTPE"
_SMALL = 1 << 24  # asking the system costs more than allocations below this size are worth
_CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


class Available(int):
    """Bytes that are a limit because no more are available, not because the caller said so."""


_limit: ContextVar[int | None] = ContextVar("memory_limit", default=None)


@contextmanager
def limited(limit: int | str | None) -> Iterator[None]:
    """Let `require` allow no more than this where it is not told a limit of its own.

    Parameters
    ----------
    limit : int, str or None
        Bytes (see `parse_bytes`); None changes nothing.

    Examples
    --------
    >>> with limited("1M"):
    ...     require(2**21, "the file", "take a smaller file")
    Traceback (most recent call last):
        ...
    MemoryError: the file needs 2,097,152 bytes (2.00 MiB), but memory_limit is 1.00 MiB; raise \
it, or take a smaller file
    """
    allowed = parse_bytes(limit)
    token = _limit.set(_limit.get() if allowed is None else allowed)
    try:
        yield
    finally:
        _limit.reset(token)


def available_bytes() -> Available:
    """Return the bytes of memory that this process can still use now, without swapping.

    Returns
    -------
    Available
        The least of what the system reports as available and what is left of the container's limit.

    Examples
    --------
    >>> available_bytes() > 0
    True
    """
    return Available(max(1, min([_system_available(), *_container_available()])))


def parse_bytes(limit: int | str | None) -> int | None:
    """Read a memory limit.

    Parameters
    ----------
    limit : int, str or None
        Bytes, or a number with an optional unit K, M, G, T, P or E (powers of 1024; ``B`` or ``iB``
        may follow it), such as ``"8G"`` or ``"1.5 GiB"``. None stays None.

    Returns
    -------
    int or None
        Bytes.

    Raises
    ------
    TypeError
        If it is neither an integer nor a string.
    ValueError
        If the string cannot be read, or the limit is negative.

    Examples
    --------
    >>> parse_bytes("8G") == 8 * 1024**3
    True
    """
    if limit is None:
        return None
    if not isinstance(limit, str):
        return integer(limit, "memory_limit", minimum=0)
    match = re.fullmatch(r"\s*(\d+)(?:\.(\d+))?\s*([KMGTPE]?)(?:i?B)?\s*", limit, re.IGNORECASE)
    if match is None:
        raise ValueError(
            f"memory_limit must be bytes or a number like '8G' or '500M', got {limit!r}"
        )
    whole, fraction, unit = match.group(1), match.group(2) or "", match.group(3).upper()
    scale = 1024 ** (_UNITS.index(unit) + 1) if unit else 1
    return int(whole + fraction) * scale // int(10 ** len(fraction))


def human(count: int) -> str:
    """Write a number of bytes for people.

    Parameters
    ----------
    count : int
        Bytes; any size.

    Returns
    -------
    str
        Three significant digits, rounded, and a unit (powers of 1024).

    Examples
    --------
    >>> human(512), human(1536), human(2**80)
    ('512 B', '1.50 KiB', '1048576 EiB')
    """
    if count < 1024:
        return f"{count} B"
    power = min((count.bit_length() - 1) // 10, len(_UNITS))
    unit = 1 << (10 * power)
    digits = max(0, 3 - len(str(count // unit)))
    # rounded in integers: a count may be beyond any float
    shown = str((count * 10**digits + unit // 2) // unit)
    if digits:
        shown = f"{shown[:-digits]}.{shown[-digits:]}"
    return f"{shown} {_UNITS[power - 1]}iB"


def require(count: int, what: str, instead: str, limit: int | str | None = None) -> None:
    """Refuse work that needs more memory than there is, before it allocates anything.

    Parameters
    ----------
    count : int
        Bytes needed.
    what : str
        What needs them, the subject of the message.
    instead : str
        What to do instead, as an imperative.
    limit : int or str, optional
        Bytes allowed (see `parse_bytes`), or what `available_bytes` said; None means what `limited`
        allows, if it is in force, else the memory available now.

    Raises
    ------
    MemoryError
        If `count` exceeds the limit; the message gives both numbers and `instead`, after the
        limit itself where there is one that can be raised.

    Examples
    --------
    >>> require(2**60, "the matrix", "keep it symbolic", limit="8G")
    Traceback (most recent call last):
        ...
    MemoryError: the matrix needs 1,152,921,504,606,846,976 bytes (1.00 EiB), but memory_limit \
is 8.00 GiB; raise it, or keep it symbolic
    """
    allowed = _limit.get() if limit is None else limit
    if allowed is None:
        if count <= _SMALL:
            return
        allowed = Available(available_bytes())
    elif not isinstance(allowed, Available):
        allowed = parse_bytes(allowed)
    assert allowed is not None
    if count <= allowed:
        return
    if isinstance(allowed, Available):
        against = f"only {human(allowed)} are available"
    else:
        against = f"memory_limit is {human(allowed)}"
        instead = f"raise it, or {instead}"
    raise MemoryError(f"{what} needs {count:,} bytes ({human(count)}), but {against}; {instead}")


@contextmanager
def advising(instead: str, limit: int) -> Iterator[None]:
    """Say what to do instead where a kernel refuses to pass its memory limit.

    Parameters
    ----------
    instead : str
        What to do, as an imperative.
    limit : int
        What the caller gave, or what `available_bytes` said: only the former can be raised.

    Examples
    --------
    >>> with advising("use fewer threads", 1000):
    ...     raise MemoryError("storing a product needs 100 bytes more")
    Traceback (most recent call last):
        ...
    MemoryError: storing a product needs 100 bytes more; raise memory_limit, or use fewer threads
    """
    try:
        yield
    except MemoryError as error:
        if isinstance(limit, Available):
            told = f"{error} (no limit was given: that is what is available); {instead}"
        else:
            told = f"{error}; raise memory_limit, or {instead}"
        raise MemoryError(told) from None


def allowance(count: int, limit: int | None = None) -> int:
    """Return what work that needs about so many bytes may take.

    Parameters
    ----------
    count : int
        Bytes needed, about.
    limit : int, optional
        Bytes allowed; by default the memory available now. Small work does not ask for that: the
        answer takes the system longer than the work.

    Returns
    -------
    int
        Bytes; `Available` where no limit was given.

    Examples
    --------
    >>> allowance(1000, 3000), allowance(1000) >= 1000
    (3000, True)
    """
    if limit is not None:
        return limit
    return Available(_SMALL if count <= _SMALL else available_bytes())


def _system_available() -> int:
    """Bytes that the operating system reports as available."""
    if sys.platform == "win32":
        return _windows_available()
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    # macOS does not tell what is available: half of the physical memory is a cautious guess.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _windows_available() -> int:
    """Bytes of available physical memory, from GlobalMemoryStatusEx."""
    import ctypes

    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((f"field{i}", ctypes.c_ulonglong) for i in range(7)),
        )

    status = MemoryStatus()
    status.length = ctypes.sizeof(MemoryStatus)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.field1)


def _container_available() -> list[int]:
    """Bytes left of the control group's limit (Linux containers), if there is one."""
    left = []
    for limit_file, used_file in _CGROUP_FILES:
        try:
            limit = Path(limit_file).read_text(encoding="ascii").strip()
            used = Path(used_file).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if limit.isdecimal() and used.isdecimal():
            left.append(int(limit) - int(used))
    return left
