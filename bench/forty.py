"""Forty questions as people write them, to be looked at one by one: verdict, hints, first hits.

    trove --library /tmp/samples index samples
    python bench/forty.py --library /tmp/samples [--questions bench/languages/forty.txt]

Prints a Markdown table, as in docs/benchmarks.md, of the questions in ``forty.txt``, or in another file,
where a tab and what it means may follow a question.
"""

import argparse
from pathlib import Path

import trove

QUESTIONS = Path(__file__).with_name("forty.txt")


def row(library: trove.Library, line: str) -> str:
    """One question as a row of the table."""
    text, _, meaning = line.partition("\t")
    asked = f"`{text}`, {meaning}" if meaning else f"`{text}`"
    try:
        answer = library.search(text, k=2)
    except trove.TroveError as exc:
        return f"| {asked} | | {exc}. {exc.hint} | |"
    sure = "" if answer.sure is None else f" ({answer.sure:.0%} sure)"
    notes = [
        note.says + (f" Offered: {', '.join(f'*{offer}*' for offer in note.offers)}." if note.offers else "")
        for note in answer.understood.notes
    ]
    hits = ", ".join(f"{hit.path.name} ({hit.kind})" for hit in answer.hits)
    return f"| {asked} | {answer.says}{sure} | {' '.join(notes)} | {hits} |"


def main() -> None:
    """Ask all, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    options = parser.parse_args()
    print("| question | verdict | what is said of it | first hits |\n|---|---|---|---|")
    with trove.Library.open(options.library, device="cpu") as library:
        for line in options.questions.read_text(encoding="utf-8").splitlines():
            print(row(library, line))


if __name__ == "__main__":
    main()
