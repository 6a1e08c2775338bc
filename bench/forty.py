"""Forty questions as people write them, to be looked at one by one: verdict, hints, first hits.

    trove --library /tmp/samples index samples
    python bench/forty.py --library /tmp/samples

Prints a Markdown table, as in docs/benchmarks.md, of the questions in ``forty.txt``.
"""

import argparse
from pathlib import Path

import trove

QUESTIONS = Path(__file__).with_name("forty.txt")


def row(library: trove.Library, text: str) -> str:
    """One question as a row of the table."""
    try:
        answer = library.search(text, k=2)
    except trove.TroveError as exc:
        return f"| `{text}` | | {exc}. {exc.hint} | |"
    sure = "" if answer.sure is None else f" ({answer.sure:.0%} sure)"
    notes = [
        note.says + (f" Offered: {', '.join(f'*{offer}*' for offer in note.offers)}." if note.offers else "")
        for note in answer.understood.notes
    ]
    hits = ", ".join(f"{hit.path.name} ({hit.kind})" for hit in answer.hits)
    return f"| `{text}` | {answer.says}{sure} | {' '.join(notes)} | {hits} |"


def main() -> None:
    """Ask all, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    options = parser.parse_args()
    print("| question | verdict | what is said of it | first hits |\n|---|---|---|---|")
    with trove.Library.open(options.library, device="cpu") as library:
        for text in QUESTIONS.read_text(encoding="utf-8").splitlines():
            print(row(library, text))


if __name__ == "__main__":
    main()
