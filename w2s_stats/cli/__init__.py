"""The command line: ``w2s-stats compare``, ``reproduce`` and ``doctor``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from w2s_stats import __version__
from w2s_stats.cli._compare import compare
from w2s_stats.cli._console import make_console, make_table
from w2s_stats.cli._errors import FAILED, Commands, as_input_error
from w2s_stats.cli._files import json_bytes
from w2s_stats.cli._reproduce import reproduce

app = typer.Typer(
    name="w2s-stats",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Statistics of weak-to-strong generalization.",
)
app.command()(compare)
app.add_typer(reproduce, name="reproduce")


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"w2s-stats {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Statistics of weak-to-strong generalization."""


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Versions, threads, backends, caches and optional extras; whether what is needed works."""
    from w2s_stats.cli._doctor import EXTRAS, examine

    with as_input_error():
        found = examine()
    if json:
        sys.stdout.write(json_bytes(found).decode())
    else:
        console = make_console()
        for title in ("versions", "threads", "backends", "caches", "extras"):
            table = make_table(title, "")
            table.columns[1].justify, table.columns[1].no_wrap = "left", False
            for name, value in found[title].items():
                if title == "backends":
                    value = value["found"]
                elif title == "extras" and value is None:
                    value = "not installed: for {}, pip install '{}'".format(*EXTRAS[name])
                table.add_row(name, str(value))
            console.print(table, end="\n\n", markup=False)
        console.print("All that is needed works." if found["ok"] else "The CPU kernels fail.")
    raise typer.Exit(0 if found["ok"] else FAILED)
