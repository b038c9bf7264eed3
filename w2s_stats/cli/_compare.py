"""``w2s-stats compare``: every strategy on one problem, and which one to trust."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from w2s_stats.cli._columns import Columns, read_problem
from w2s_stats.cli._console import interval, make_console, make_table, number
from w2s_stats.cli._errors import IncompleteError, InputError, as_input_error
from w2s_stats.cli._outputs import Outputs
from w2s_stats.cli._problems import Problem, esol_problem, tone_problem
from w2s_stats.cli._progress import Progress

_FAMILIES = {"regression": ("gaussian", "poisson"), "classification": ("multinomial", "bernoulli")}
_OPTIONS = {"n_experts": "--experts", "y": "--y", "y_weak": "--y-weak", "y_gold": "--y-gold"}
_DATA, _MODEL, _FILES = "Data", "Model", "Results"


class Gate(StrEnum):
    """How the probability of a concept depends on x."""

    constant = "constant"
    softmax = "softmax"
    gaussian = "gaussian"


class Task(StrEnum):
    """What the labels are."""

    auto = "auto"
    regression = "regression"
    classification = "classification"


def compare(
    data: Annotated[
        str,
        typer.Option(
            help="tone, esol, or a CSV, Parquet or npz file with named columns.",
            rich_help_panel=_DATA,
        ),
    ] = "tone",
    y: Annotated[str, typer.Option(help="Column of strong labels.", rich_help_panel=_DATA)] = "y",
    y_weak: Annotated[
        str, typer.Option(help="Column of weak labels.", rich_help_panel=_DATA)
    ] = "y_weak",
    y_gold: Annotated[
        str | None,
        typer.Option(help="Column of gold labels, to measure errors.", rich_help_panel=_DATA),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            help="Column of domains: source or target, or integers >= 0 and < 0. "
            "Left out: rows without a strong label are the target.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Columns of X, with commas. Left out: all other numeric columns.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    task: Annotated[
        Task,
        typer.Option(
            help="auto: classes if y is text, or zeros and ones. Missing classes are empty or -1.",
            rich_help_panel=_DATA,
        ),
    ] = Task.auto,
    experts: Annotated[
        int, typer.Option(min=1, help="Number of latent concepts.", rich_help_panel=_MODEL)
    ] = 2,
    expert: Annotated[
        str | None,
        typer.Option(
            help="gaussian or poisson; for classes multinomial or bernoulli.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    gate: Annotated[
        Gate,
        typer.Option(help="How a concept's probability depends on x.", rich_help_panel=_MODEL),
    ] = Gate.constant,
    cv: Annotated[
        int, typer.Option(min=2, help="Folds of the target rows.", rich_help_panel=_MODEL)
    ] = 5,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of folds and fits.", rich_help_panel=_MODEL)
    ] = 0,
    json: Annotated[
        str | None,
        typer.Option(help="Write all numbers to a file; - is stdout.", rich_help_panel=_FILES),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture (png, pdf, svg). Without any of these three it goes to "
            "comparison.png, unless one is there or matplotlib is not.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write everything into this folder.", rich_help_panel=_FILES),
    ] = None,
) -> None:
    """Fit every strategy on a source and a target, and say which one to trust and why.

    In the source a strong model's answers y are known, in the target only a weak model's labels
    y_weak. The default data, tone, are 150 measured points turned into a controlled shift of two
    latent concepts (a mixture fitted with seed 0 splits them and makes weak labels; `--seed` does
    not change that). `--data esol` takes its file from the folder that the environment variable
    W2S_STATS_DATA names. Where a strategy fails, the others are shown and saved, and the exit code
    is 1.
    """
    outputs = Outputs("comparison", json=json, plot=plot, out=out)
    names = Columns(y, y_weak, y_gold, domain, _split_names(features))
    problem = _load(data, names, task.value)
    model = _make_model(problem, experts, expert, gate.value)
    _check_folds(problem, cv)
    from w2s_stats.transfer import compare_strategies

    with Progress("comparing") as progress, as_input_error(**_OPTIONS):
        comparison = compare_strategies(
            problem.X,
            problem.y,
            y_weak=problem.y_weak,
            y_gold=problem.y_gold,
            sample_domain=problem.sample_domain,
            source_model=model,
            task=problem.task,
            cv=cv,
            random_state=seed,
            progress=progress,
        )
    _show(problem, comparison, make_console(stderr=outputs.uses_stdout))
    settings = {
        "data": problem.name,
        "note": problem.note,
        "features": problem.feature_names,
        "task": problem.task,
        "n_experts": experts,
        "expert": model.expert,
        "gate": gate.value,
        "seed": seed,
    }
    numbers = {"settings": settings, **comparison.to_dict()}
    outputs.write(numbers, comparison.to_frame(), lambda: _displays(problem, comparison))
    failed = [f"{row.strategy} ({row.failure})" for row in comparison.table if row.failure]
    if failed:
        raise IncompleteError(f"not every strategy could be compared, failed: {'; '.join(failed)}.")


def _split_names(text: str | None) -> tuple[str, ...]:
    names = () if text is None else tuple(name.strip() for name in text.split(","))
    if text is not None and not all(names):
        raise InputError(
            f"--features must be column names with commas between them, found {text!r}."
        )
    return names


def _load(data: str, names: Columns, task: str) -> Problem:
    if data not in ("tone", "esol"):
        return read_problem(Path(data), names, task)
    if names != Columns() or task == Task.classification:
        raise InputError(
            f"--data {data} brings its own columns, all real: --y, --y-weak, --y-gold, --domain, "
            "--features and --task classification are for files."
        )
    return tone_problem() if data == "tone" else esol_problem()


def _make_model(problem: Problem, experts: int, expert: str | None, gate: str) -> Any:
    """Return the unfitted mixture, after a look at whether its experts suit the labels."""
    from w2s_stats._validation import check_counts
    from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

    families = _FAMILIES[problem.task]
    expert = families[0] if expert is None else expert
    if expert not in families:
        raise InputError(
            f"--expert must be {' or '.join(families)} for {problem.task}, found {expert!r}."
        )
    if expert == "poisson":
        with as_input_error():
            check_counts(problem.y, name="--y")
            check_counts(problem.y_weak, name="--y-weak")
    regression = problem.task == "regression"
    kind = MixtureOfExpertsRegressor if regression else MixtureOfExpertsClassifier
    return kind(experts, expert=expert, gate=gate)


def _check_folds(problem: Problem, cv: int) -> None:
    """Refuse data without a source or target, and more folds than target rows."""
    n_target = int(problem.target.sum())
    if not 0 < n_target < len(problem.target):
        domain = "target" if n_target == 0 else "source"
        hint = (
            "" if problem.sample_domain is not None else ", where a target row is one without --y"
        )
        raise InputError(f"--domain must mark at least one {domain} row{hint}; found none.")
    if cv > n_target:
        raise InputError(f"--cv must not exceed the number of target rows, {n_target}; found {cv}.")


def _displays(problem: Problem, comparison: Any) -> list[Any]:
    """Return the errors' picture, and beside it the fits' where x has one column."""
    from w2s_stats.reports import StrategyComparisonDisplay, TargetFitDisplay

    title = "Error in the target" if comparison.n_gold else "Fit to the target's weak labels"
    errors = StrategyComparisonDisplay.from_comparison(comparison, title=title)
    if problem.X.shape[1] > 1 or problem.task != "regression" or problem.y.ndim > 1:
        return [errors]
    target = problem.target
    gold = (problem.y if problem.y_gold is None else problem.y_gold)[target]
    fits = TargetFitDisplay.from_comparison(
        comparison,
        problem.X[target],
        y_weak=problem.y_weak[target],
        y_gold=None if np.isnan(gold).all() else gold,
        x_label=problem.feature_names[0],
        y_label=problem.label_name,
        title=f"{problem.name}, target",
    )
    return [fits, errors]


def _show(problem: Problem, comparison: Any, console: Console) -> None:
    """Print the table, then which strategy to trust and why."""
    level = f"{100 * comparison.confidence_level:g}% interval"
    errors = ("error", level) if comparison.n_gold else ()
    table = make_table("strategy", *errors, "log q(y'|x)", "checks", "time")
    for row in comparison.table:
        if row.failure:
            continue
        decided = [found for found in row.diagnostics if found.ok is not None]
        passed = f"{len(decided) - len(row.failed_checks)} of {len(decided)}" if decided else "–"
        limits = interval(row.error_lower, row.error_upper)
        table.add_row(
            row.strategy,
            *((number(row.error), limits) if errors else ()),
            number(row.weak_log_likelihood),
            passed,
            f"{number(row.fit_time, 2)} s",
            style="bold" if row.strategy == comparison.trusted_ else None,
        )
    console.print(f"{problem.name}: {problem.note}.", markup=False)
    said = (
        f" Error is the {comparison.metric} on these, held out in {comparison.n_splits} folds."
        if errors
        else ""
    )
    console.print(
        f"{comparison.n_source:,} source rows, {comparison.n_target:,} target rows, "
        f"{comparison.n_gold:,} of them with gold labels.{said}\n"
    )
    console.print(table)
    first, *others = comparison.recommendation
    console.print(f"\n{first}", style="bold", markup=False)
    for sentence in others:
        console.print(sentence, markup=False)
    warned: dict[str, list[str]] = {}
    for row in comparison.table:
        for said in row.warnings:
            warned.setdefault(said, []).append(row.strategy)
    for said, strategies in warned.items():
        console.print(f"{', '.join(strategies)} warned: {said}", markup=False)
