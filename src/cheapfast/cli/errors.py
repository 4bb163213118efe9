"""What ends the program, and with which exit code: one line on standard error, no traceback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout

import click

from .console import say

DONE = 0
DISAGREES = 1  # a check that was asked for fails: `paper`, `bench`
BAD_INPUT = 2
OVER_MEMORY_LIMIT = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE: what a program that does not catch the signal returns


class PipeClosedError(Exception):
    """The reader of standard output went away; click turns BrokenPipeError itself into code 1."""


def guarded(run: Callable[[], object]) -> int:
    """Run the program and turn whatever ends it into an exit code.

    Parameters
    ----------
    run : callable
        Returns None or an exit code.

    Returns
    -------
    int
        0 done, 2 bad input, 3 over the memory limit, 130 interrupted, 141 closed pipe; or the
        integer that `run` returns.
    """
    with ExitStack() as closed:  # `>&-`: there is nobody to tell
        if sys.stdout is None:
            closed.enter_context(redirect_stdout(io.StringIO()))
        if sys.stderr is None:
            closed.enter_context(redirect_stderr(io.StringIO()))
        return _guarded(run)


def _guarded(run: Callable[[], object]) -> int:
    try:
        code = run()
        # here and not when the interpreter shuts down, where a closed pipe cannot be handled
        sys.stdout.flush()
    except (BrokenPipeError, PipeClosedError):
        _drop_output()
        return PIPE_CLOSED
    except click.ClickException as error:
        say(f"error: {_with_hint(error)}")
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except MemoryError as error:
        say(f"error: {str(error) or 'out of memory; set --memory-limit'}")
        return OVER_MEMORY_LIMIT
    except (ValueError, TypeError, OSError, OverflowError) as error:
        say(f"error: {error}")
        return BAD_INPUT
    return code if isinstance(code, int) else DONE


def _with_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is None:
        return message
    return f"{message.rstrip('.')} (see {context.command_path} --help)"


def _drop_output() -> None:
    # the interpreter flushes standard output once more when it ends: let it flush into nothing
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
