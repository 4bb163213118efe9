"""The process whose peak memory is measured: ``python -m cheapfast.bench.memory_child``."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from .memory import MARK, load
from .peers import ALL
from .resident import forget_peak, peak


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
    before = forget_peak()
    answer = run()
    report = {"peak": max(0, peak() - before), "flat": answer.flat, "deep": answer.deep}
    print(MARK + json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
