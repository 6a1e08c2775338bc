"""The library on disk: settings, tables, full text and vectors. Imports nothing else of Trove."""

import os

# Every other package imports this one before any library that reads these: no telemetry is sent.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
