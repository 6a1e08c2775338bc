"""``python -m ui.cli``: the command line, as Trove starts it for work in the background."""

from ui.cli.main import app

app()
