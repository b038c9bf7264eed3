"""Progress on stderr, for what takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any

_SILENT_S, _LINE_EVERY_S = 2.0, 5.0


class Progress:
    """Call it as ``progress(stage, done, total)`` inside its ``with`` block.

    A bar on a terminal; elsewhere a line every five seconds. Nothing in the first two.

    Parameters
    ----------
    title : str
        What is being done.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._stage, self._done, self._total = "", 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note where the work is; cheap."""
        self._stage, self._done, self._total = stage, done, total

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        started = time.monotonic()
        if self._stop.wait(_SILENT_S):
            return
        if sys.stderr.isatty():
            self._show_bar()
            return
        while True:
            seconds = time.monotonic() - started
            done = f"{self._done} of {self._total}" if self._total else "starting"
            line = f"{self.title}: {done}"
            stage = f", {self._stage}" if self._stage else ""
            print(f"{line}{stage}, {seconds:.0f} s", file=sys.stderr, flush=True)
            if self._stop.wait(_LINE_EVERY_S):
                return

    def _show_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns: list[Any] = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[stage]}"),
        ]
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(self.title, total=None, stage="")
            while not self._stop.wait(0.1):
                bar.update(task, completed=self._done, total=self._total or None, stage=self._stage)
