"""How many threads NumPy takes, which only a process of its own may set: a library has hosts."""

import importlib
import os

_THREADS = "OPENBLAS_NUM_THREADS"


def multiply_alone() -> None:
    """Have NumPy multiply matrices in the thread that asks (OPENBLAS_NUM_THREADS=1).

    OpenBLAS's threads wait for each other: while a browser or an indexing is at work beside the app, a
    product that takes one of them 0.3 ms takes two 16, and an answer needs some. They wait at full speed: a
    question is made a vector in 12 ms of the processor by one thread, in 42 by two, and an indexing of films
    takes a tenth more of it. What is started may use all again. It does nothing where NumPy is there already.
    """
    chosen = _THREADS in os.environ
    os.environ.setdefault(_THREADS, "1")
    importlib.import_module("numpy")  # which reads it, once
    if not chosen:
        del os.environ[_THREADS]
