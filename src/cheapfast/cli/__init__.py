"""The command line ``cheapfast``: one verb per question, one file per verb.

Results go to standard output; progress, notes and errors to standard error. Exit codes: 0 done,
2 bad input, 3 over the memory limit, 130 interrupted.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import click

from .console import notes_on_stderr
from .errors import PipeClosedError, guarded

__all__ = ["main"]

EXAMPLES = """\b
Examples:
  cheapfast flatten R.npz A.npz P.npz     nonzeros of R A P, without multiplying
  cheapfast flatten hadamard:2^60
  cheapfast estimate A.npz A.npz          about how many, with a confidence interval
  cheapfast apply R.npz A.npz P.npz       how fast the layers are applied, one after another
  cheapfast unflatten matrix.npy          a deep network for a flat matrix
  cheapfast gate --n 32                   2^32 neurons that multiply 32 numbers
  cheapfast merge R.npz A.npz P.npz       multiply out or apply: what is faster, and from when on
  cheapfast paper                         the paper's claims, computed
  cheapfast bench --only count --quick    how fast, against other libraries
"""

#: verb -> (module, attribute, one line of help): a verb is imported when it is called
VERBS = {
    "flatten": ("cheapfast.cli.flatten", "flatten"),
    "estimate": ("cheapfast.cli.estimate", "estimate"),
    "apply": ("cheapfast.cli.apply", "apply"),
    "unflatten": ("cheapfast.cli.unflatten", "unflatten"),
    "gate": ("cheapfast.cli.gate", "gate"),
    "merge": ("cheapfast.cli.merge", "merge"),
    "paper": ("cheapfast.cli.paper", "paper"),
    "bench": ("cheapfast.bench.command", "bench"),
}


class Verbs(click.Group):
    """The verbs, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the verbs.

        Returns
        -------
        list of str
        """
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a verb.

        Returns
        -------
        click.Command or None
            None if there is no such verb.
        """
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a closed pipe passes click as another exception."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosedError from error


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        import cheapfast

        click.echo(f"cheapfast {cheapfast.__version__}")
        ctx.exit()


@click.group(
    cls=Verbs,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Ask what flattening a deep linear network costs: count first, multiply later."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; by default those of the process.

    Returns
    -------
    int
        The exit code: 0 done, 2 bad input, 3 over the memory limit, 130 interrupted.
    """
    args = None if arguments is None else list(arguments)
    with notes_on_stderr():
        return guarded(
            lambda: command.main(args=args, prog_name="cheapfast", standalone_mode=False)
        )
