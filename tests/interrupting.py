"""Ctrl-C while a long call runs: a process of its own gets the signal, and says when."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import pytest

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="SIGINT cannot be sent to one process there"
)

#: How long Ctrl-C may take. A fifth of a second is what an idle machine needs; a loaded one gets
#: more before this is a failure.
PATIENCE = 5.0

# A process started in the background inherits that SIGINT is ignored. What comes before the call is
# for Python 3.11: a signal that is handled where a loop jumps back is looked up by the instruction
# before the loop there, and that has to be within the try.
_PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path[:0] = {path!r}
{setup}
print("ready", flush=True)
try:
    begun = time.time()
{call}
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
else:
    print("finished", flush=True)
"""


def seconds_until_interrupted(setup: str, call: str) -> float:
    """Send SIGINT to a process 0.3 s after it has begun with `call`.

    Parameters
    ----------
    setup : str
        Statements that make what `call` needs.
    call : str
        Statements that take long, or go on for ever.

    Returns
    -------
    float
        Seconds from the signal to the KeyboardInterrupt.
    """
    code = _PROGRAM.format(
        path=[folder for folder in sys.path if folder],
        setup=textwrap.dedent(setup),
        call=textwrap.indent(textwrap.dedent(call).strip(), "    "),
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        sent = time.time()
        child.send_signal(signal.SIGINT)
        answer = child.stdout.read().split()
    assert answer[0] == "interrupted"
    return float(answer[1]) - sent
