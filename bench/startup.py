"""How long importing takes, each time in a new process."""

from __future__ import annotations

import os
import subprocess
import sys

from .model import Workload
from .results import Figure, Results, Skip
from .timing import Settings

_CODE = """
import time
import numpy, scipy.sparse
begin = time.perf_counter()
import cheapfast
print(time.perf_counter() - begin)
"""


def measure_import(workload: Workload, settings: Settings) -> Results:
    """Measure ``import cheapfast`` after numpy and scipy.sparse are imported.

    Parameters
    ----------
    workload : Workload
        What is measured.
    settings : Settings
        How often.

    Returns
    -------
    Results
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # users have bytecode: pip compiles it; here the first child writes it if it is missing
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds = []
    for repetition in range(settings.repeat + 1):
        child = subprocess.run(
            [sys.executable, "-c", _CODE],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if child.returncode != 0:
            last = (child.stderr.strip().splitlines() or ["no message"])[-1]
            return Results(skips=[Skip(workload.name, "cheapfast", last)])
        if repetition > 0:  # the first one may compile bytecode and reads from a cold disk
            seconds.append(float(child.stdout))
    figure = Figure(workload.name, workload.measure, "cheapfast", 1, tuple(seconds))
    return Results(figures=[figure])
