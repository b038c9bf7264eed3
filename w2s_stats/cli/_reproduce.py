"""``w2s-stats reproduce``: the papers' figures and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from w2s_stats.cli._console import make_console, make_table, number
from w2s_stats.cli._errors import InputError, as_input_error
from w2s_stats.cli._outputs import Outputs
from w2s_stats.cli._progress import Progress

_OPTIONS = {
    "sizes": "--sizes",
    "n_replicates": "--replicates",
    "gate": "--gate",
    "n_experts": "--experts",
    "n_features": "--features",
}
reproduce = typer.Typer(no_args_is_help=True, help="Recompute a figure or table of the papers.")


@reproduce.callback()
def _group() -> None:
    """Recompute a figure or table of the papers."""


@reproduce.command()
def consistency(
    sizes: Annotated[
        str, typer.Option(help="Rows of source and of target, with commas.")
    ] = "300,1000,3000,10000,30000",
    replicates: Annotated[int, typer.Option(help="Repetitions, each with its own truth.")] = 5,
    gate: Annotated[str, typer.Option(help="constant or softmax.")] = "constant",
    experts: Annotated[int, typer.Option(help="Number of latent concepts.")] = 3,
    features: Annotated[int, typer.Option(help="Columns of X.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of truths, rows and fits.")] = 0,
    json: Annotated[str | None, typer.Option(help="Write numbers to a file; - is stdout.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture (png, pdf, svg). Without --json, --plot and --out it goes to "
            "consistency.png, unless one is there or matplotlib is not."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write everything into this folder.")] = None,
) -> None:
    """Error against sample size for each strategy, on a log-log scale (theory 6.7).

    Concept deconvolution (Algorithm 1) should fall like 1/n; refinement and weak training level
    off, because what they converge to is not the truth. The default sizes take minutes;
    `--sizes 300,1000,3000` shows the same in a tenth of the time.
    """
    outputs = Outputs("consistency", json=json, plot=plot, out=out)
    numbers = _parse_sizes(sizes)
    from w2s_stats.experiments import consistency_experiment

    with Progress("consistency") as progress, as_input_error(**_OPTIONS):
        result = consistency_experiment(
            numbers,
            n_replicates=replicates,
            gate=gate,
            n_experts=experts,
            n_features=features,
            random_state=seed,
            progress=progress,
        )
    _show(result, make_console(stderr=outputs.uses_stdout))
    outputs.write(result.to_dict(), result.to_frame(), lambda: [_display(result)])


def _display(result: Any) -> Any:
    from w2s_stats.reports import ConsistencyDisplay

    return ConsistencyDisplay.from_result(result)


def _parse_sizes(text: str) -> list[int]:
    try:
        return [int(part.strip().replace("_", "")) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"--sizes must be whole numbers with commas between them, found {text!r}."
        ) from None


def _show(result: Any, console: Console) -> None:
    """Print the errors, then the slopes and what they say."""
    console.print(
        f"Mean squared error of E_Q[Y|x] with n rows in each domain, {result.gate} gate, "
        f"means of {result.n_replicates} replicates\n"
    )
    errors = make_table("n", *(f"{n:,}" for n in result.sizes))
    for name, row in zip(result.strategies, result.mean_errors, strict=True):
        errors.add_row(name, *(number(error, 2) for error in row))
    console.print(errors)
    first = int(result.to_dict()["slope_from"])
    slopes = make_table(
        f"from n = {first:,}", "slope", f"{result.confidence_level:.0%} interval", ""
    )
    slopes.columns[3].justify = "left"
    for name, slope, (lower, upper), reading in zip(
        result.strategies, result.slopes, result.slope_intervals, result.readings, strict=True
    ):
        limits = "–" if lower != lower else f"[{lower:+.2f}, {upper:+.2f}]"
        slopes.add_row(name, f"{slope:+.2f}", limits, reading)
    console.print()
    console.print(slopes)
    console.print(f"\n{result.seconds:.0f} s")
