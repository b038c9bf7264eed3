"""Files that are there completely, or not at all."""

from __future__ import annotations

import io
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from w2s_stats.cli._errors import InputError

_PICTURES = (".png", ".pdf", ".svg")
INSTALL = "pip install 'w2s-stats[plot]'"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name in the same folder and rename.

    Parameters
    ----------
    path : Path
        The file; replaced if it is there.
    content : bytes
        All of it.

    Raises
    ------
    InputError
        If the file cannot be written. Nothing is left behind, and an older file is kept.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path, option: str) -> None:
    """Raise, before anything is computed, if a file could not be written afterwards.

    Parameters
    ----------
    path : Path
        The file.
    option : str
        Name of the option that it came from.
    """
    if path.is_dir():
        raise InputError(f"{option} must be a file, found the folder {path}.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{option} must lie in a folder that exists, found {path}.")
    if not os.access(path.absolute().parent, os.W_OK):
        raise InputError(f"{option} must lie in a folder that can be written to, found {path}.")


def is_writable(path: Path) -> bool:
    """Whether a file could be written, or replaced."""
    return not path.is_dir() and os.access(path.absolute().parent, os.W_OK)


def check_picture(path: Path, option: str) -> None:
    """The same for a picture; matplotlib must be there, and know the kind of file."""
    if path.suffix.lower() not in _PICTURES:
        raise InputError(f"{option} must end in {', '.join(_PICTURES)}; found {path}.")
    if not has_matplotlib():
        raise InputError(f"{option} needs matplotlib, which is not installed: {INSTALL}.")
    check_writable(path, option)


def make_folder(path: Path, option: str) -> None:
    """Make a folder, with its parents, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{option} must be a folder or a name for a new one, found {path}: "
            f"{error.strerror or error}."
        ) from error
    if not os.access(path, os.W_OK):
        raise InputError(f"{option} must be a folder that can be written to, found {path}.")


def has_matplotlib() -> bool:
    """Whether matplotlib can be imported."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def json_bytes(content: Any) -> bytes:
    """Strict JSON: NaN is an error here, callers pass None."""
    return (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def picture_bytes(displays: Sequence[Any], suffix: str) -> bytes:
    """Draw Displays side by side on a figure of their own, without a window or global state.

    Parameters
    ----------
    displays : sequence of objects
        With a method ``plot(ax=...)`` and a property ``figsize``.
    suffix : str
        ``.png``, ``.pdf`` or ``.svg``.

    Returns
    -------
    bytes
        The file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    widths, heights = zip(*(display.figsize for display in displays), strict=True)
    figure = Figure(figsize=(sum(widths), max(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(displays), width_ratios=widths, squeeze=False)[0]
    for display, ax in zip(displays, axes, strict=True):
        display.plot(ax=ax)
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix.lower().lstrip("."), dpi=150)
    return stream.getvalue()
