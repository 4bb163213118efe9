"""The process whose peak memory is measured: ``python -m cheapfast.bench.memory_child``."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from .memory import MARK, load
from .peers import ALL

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def main(folder: str, peer_name: str, threads: str) -> None:
    """Load a problem, run one peer once, and print how far the memory rose.

    Parameters
    ----------
    folder : str
        Where the matrices are.
    peer_name : str
        Which peer.
    threads : str
        How many threads it may use.
    """
    problem = load(Path(folder))
    peer = next(entry for entry in ALL if entry.name == peer_name)
    run = peer.prepare(problem, int(threads))
    gc.collect()
    before = _reset_peak()
    answer = run()
    report = {"peak": max(0, _peak() - before), "flat": answer.flat, "deep": answer.deep}
    print(MARK + json.dumps(report))


def _reset_peak() -> int:
    """Forget the peak so far where the system can, and return the bytes in use."""
    try:
        _CLEAR.write_text("5", encoding="ascii")
        return _status("VmRSS")
    except OSError:
        # macOS: loading does not rise above the input, so the peak so far is the input
        return _peak()


def _peak() -> int:
    if _STATUS.exists():
        return _status("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _status(field: str) -> int:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {field}")


if __name__ == "__main__":
    main(*sys.argv[1:])
