"""One sentence on stderr and an exit code, for everything that can go wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from typer.core import TyperGroup

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130
_VARIABLE = "W2S_STATS_TRACEBACK"


class InputError(Exception):
    """Something that the user passed and can change; its text is one sentence."""


class IncompleteError(Exception):
    """Something did not work, and what did has been shown; its text is one sentence."""


@contextmanager
def as_input_error(**options: str) -> Iterator[None]:
    """Turn a ValueError or ImportError of the library into an InputError with the same words.

    Parameters
    ----------
    **options
        What an argument at the start of the sentence is called on the command line.
    """
    try:
        yield
    except (ValueError, ImportError) as error:
        argument, space, rest = str(error).partition(" ")
        raise InputError(f"{options.get(argument, argument)}{space}{rest}") from error


class Commands(TyperGroup):
    """A group of commands that ends in an exit code and, where it failed, in one sentence."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run.

        Parameters
        ----------
        *args, **extra
            As for any command. With ``standalone_mode=False`` errors are raised, and the process
            is not left.

        Returns
        -------
        object
            Of the command, without `standalone_mode`.
        """
        if not extra.get("standalone_mode", True):
            return super().main(*args, **extra)
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
            sys.stdout.flush()
        except InputError as error:
            _leave(str(error), BAD_INPUT, error)
        except IncompleteError as error:
            _leave(str(error), FAILED, error)
        except KeyboardInterrupt:
            _leave("interrupted.", INTERRUPTED)
        except BrokenPipeError:
            # Nobody reads any more; Python must not complain again when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(FAILED)
        except Exception as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # the help has been shown
                sys.exit(BAD_INPUT)
            if hasattr(error, "format_message"):  # a wrong option, in typer's words
                _leave(error.format_message(), getattr(error, "exit_code", BAD_INPUT), error)
            if type(error).__name__ == "Abort":
                _leave("interrupted.", INTERRUPTED)
            hint = "" if os.environ.get(_VARIABLE) else f" ({_VARIABLE}=1 shows where)"
            _leave(f"internal error, {type(error).__name__}: {error}{hint}", FAILED, error)
        if code == INTERRUPTED:
            _leave("interrupted.", INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _leave(sentence: str, code: int, error: Exception | None = None) -> NoReturn:
    if error is not None and os.environ.get(_VARIABLE):
        traceback.print_exception(error, file=sys.stderr)
    print(f"w2s-stats: {' '.join(sentence.split())}", file=sys.stderr, flush=True)
    sys.exit(code)
