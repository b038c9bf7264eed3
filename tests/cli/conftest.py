import pytest
from typer.testing import CliRunner

from w2s_stats.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in this process, in an empty folder: run("compare", "--data", "tone")."""
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)
    return lambda *args: runner.invoke(app, [str(arg) for arg in args])


@pytest.fixture
def refused(run):
    """Run a command that must fail with exit code 2, and return its sentence."""

    def check(*args):
        result = run(*args)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        (line,) = result.stderr.splitlines()
        assert line.startswith("w2s-stats: ")
        return line.removeprefix("w2s-stats: ")

    return check
