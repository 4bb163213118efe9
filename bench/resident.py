"""Resident memory of this process: how much it was at most since one asked to forget."""

from __future__ import annotations

from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def forget_peak() -> int:
    """Forget the peak so far where the system can, and return the bytes in use.

    Returns
    -------
    int
        The peak where it cannot be forgotten.
    """
    try:
        _CLEAR.write_text("5", encoding="ascii")
        return _status("VmRSS")
    except OSError:
        # macOS: loading does not rise above the input, so the peak so far is the input
        return peak()


def peak() -> int:
    """Return the most bytes that were in use; not on Windows.

    Returns
    -------
    int
    """
    if _STATUS.exists():
        return _status("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _status(field: str) -> int:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {field}")
