"""The files that a command leaves: ``--json``, ``--plot`` and ``--out``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from w2s_stats.cli._files import (
    check_picture,
    check_writable,
    has_matplotlib,
    json_bytes,
    make_folder,
    picture_bytes,
    write_atomically,
)


class Outputs:
    """What to write where; what cannot be written is refused before anything is computed.

    Parameters
    ----------
    name : str
        Stem of the files in the folder `out`.
    json : str or None
        A file, or "-" for stdout.
    plot : Path or None
        A picture.
    out : Path or None
        A folder that gets the numbers, the table and the picture.
    """

    def __init__(self, name: str, *, json: str | None, plot: Path | None, out: Path | None) -> None:
        self.name, self.plot, self.out = name, plot, out
        self.uses_stdout = json == "-"
        self.json = None if json is None or self.uses_stdout else Path(json)
        if self.json is not None:
            check_writable(self.json, "--json")
        if plot is not None:
            check_picture(plot, "--plot")
        if out is not None:
            make_folder(out, "--out")

    def write(self, numbers: Any, frame: Any, displays: Callable[[], Sequence[Any]]) -> None:
        """Write, and say on stderr what was written.

        Parameters
        ----------
        numbers : dict
            Ready for JSON.
        frame : DataFrame
            The table.
        displays : callable
            Makes the picture's Displays, if a picture is wanted.
        """
        files: dict[Path, bytes] = {}
        if self.json is not None:
            files[self.json] = json_bytes(numbers)
        if self.plot is not None:
            files[self.plot] = picture_bytes(displays(), self.plot.suffix)
        if self.out is not None:
            stem = self.out / self.name
            files[stem.with_suffix(".json")] = json_bytes(numbers)
            files[stem.with_suffix(".csv")] = frame.to_csv().encode()
            if has_matplotlib():
                files[stem.with_suffix(".png")] = picture_bytes(displays(), ".png")
        for path, content in files.items():
            write_atomically(path, content)
            print(f"wrote {path}", file=sys.stderr)
        if self.out is not None and not has_matplotlib():
            print("no picture: matplotlib is not installed", file=sys.stderr)
        if self.uses_stdout:
            sys.stdout.write(json_bytes(numbers).decode())
