"""Load test: concurrent searches while another process indexes and others search on the command line.

    python bench/crowd.py FOLDER --threads 32 --seconds 60

Half of the pictures in FOLDER are indexed first. Then threads search without pause while another process
indexes the rest and, one after the other, the command line searches too. Every answer is checked, see
``tests/support/crowd.py``. The latency is that of a search within the process, waiting for the others
included.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.crowd import run


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = run(options.folder, options.threads, options.seconds, Path(scratch))
    print(json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
