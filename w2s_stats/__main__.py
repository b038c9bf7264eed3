"""``python -m w2s_stats`` is ``w2s-stats``."""

from w2s_stats.cli import app

if __name__ == "__main__":
    app(prog_name="w2s-stats")
