"""What tests share: made media, rows, tiny models, the command line, the app and a browser."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
