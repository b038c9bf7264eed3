"""The files that a command leaves: ``--json``, ``--plot`` and ``--out``, or the picture alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from w2s_stats.cli._files import (
    INSTALL,
    check_picture,
    check_writable,
    has_matplotlib,
    is_writable,
    json_bytes,
    make_folder,
    picture_bytes,
    write_atomically,
)


class Outputs:
    """What to write where; what cannot be written is refused before anything is computed.

    Where nobody says what to write, the picture goes to the present folder, if it can and no file
    of its name is there: that may be the user's.

    Parameters
    ----------
    name : str
        Stem of the files in the folder `out`, and of the picture that nobody asked for.
    json : str or None
        A file, or "-" for stdout.
    plot : Path or None
        A picture.
    out : Path or None
        A folder that gets the numbers, the table and the picture.
    """

    def __init__(self, name: str, *, json: str | None, plot: Path | None, out: Path | None) -> None:
        self.name, self.out = name, out
        self.uses_stdout = json == "-"
        self.json = None if json is None or self.uses_stdout else Path(json)
        self.pictures: list[Path] = []
        self.no_picture = ""  # why there is none, where one was to be expected
        if self.json is not None:
            check_writable(self.json, "--json")
        if plot is not None:
            check_picture(plot, "--plot")
            self.pictures.append(plot)
        if out is not None:
            make_folder(out, "--out")
            self._expect(out / f"{name}.png")
        elif json is None and plot is None:
            picture = Path(f"{name}.png")
            if os.path.lexists(picture):
                self.no_picture = f"{picture} is there already: name a file with --plot"
            else:
                self._expect(picture)

    def _expect(self, picture: Path) -> None:
        if not has_matplotlib():
            self.no_picture = f"matplotlib is not installed: {INSTALL}"
        elif not is_writable(picture):
            self.no_picture = f"{picture} cannot be written"
        else:
            self.pictures.append(picture)

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
        if self.out is not None:
            files[self.out / f"{self.name}.json"] = json_bytes(numbers)
            files[self.out / f"{self.name}.csv"] = frame.to_csv().encode()
        for picture in self.pictures:
            files[picture] = picture_bytes(displays(), picture.suffix)
        for path, content in files.items():
            write_atomically(path, content)
            print(f"wrote {path}", file=sys.stderr)
        if self.no_picture:
            print(f"no picture: {self.no_picture}.", file=sys.stderr)
        if self.uses_stdout:
            sys.stdout.write(json_bytes(numbers).decode())
