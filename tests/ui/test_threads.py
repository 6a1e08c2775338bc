"""How many threads multiply, which NumPy is told once, before it is imported."""

import os
import subprocess
import sys

import pytest

_MULTIPLIED = """
import os
{begin}
import numpy, psutil
numpy.ones((800, 800)) @ numpy.ones((800, 800))
print(psutil.Process().num_threads(), os.environ.get("OPENBLAS_NUM_THREADS"))
"""
_COMMAND = """
import typer
from ui.cli import console
app = typer.Typer()
app.command(cls=console.QueryCommand)(lambda: None)
app(standalone_mode=False)
"""


@pytest.mark.parametrize("begin", ["from ui import threads\nthreads.multiply_alone()", _COMMAND])
def test_a_product_of_matrices_wakes_no_other_thread_and_what_is_started_may_do_so(begin: str) -> None:
    unset = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", _MULTIPLIED.format(begin=begin)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=unset)
    assert told.stdout.split() == ["1", "None"]
