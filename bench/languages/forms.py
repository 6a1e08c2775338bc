"""Words asked for in one form and said in another: which of them the full text finds, by language.

    python bench/languages/forms.py

``forms.csv`` has ten sentences a language, each with a word of it in another form (or, in scripts without
spaces, in the middle of a run), written for this. Those of a language are the passages of one recording,
whose language is told from its text. ``found``: the sentence is a hit of its word, ``first``: and the first
one; ``others``: how many further sentences the words find, some of which have them, too.
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from db.catalog import analyses, assets, contents, fulltext, units
from db.catalog.assets import FileStat
from db.catalog.units import NewUnit
from db.library import Library
from db.settings import Settings
from indexer.analysers import registry as registry
from indexer.told import tell_languages
from search.translation.router import language_asked_in

FORMS = Path(__file__).with_name("forms.csv")


def main() -> None:
    """Make the library, ask, print a line for each language."""
    with FORMS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder, Library(Settings(library=Path(folder))) as library:
        for number, (_, own) in enumerate(groupby(rows, key=lambda row: row["language"])):
            add(library, number, [row["said"] for row in own])
        tell_languages(library)
        every, found, first, others = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        with library.read() as session:
            for row in rows:
                asked, language = row["asked"], row["language"]
                matches = fulltext.match_words(session, asked, len(rows), language=language_asked_in(asked))
                hits = [rows[match.unit_id - 1]["said"] for match in matches]
                every[language] += 1
                found[language] += row["said"] in hits
                first[language] += hits[:1] == [row["said"]]
                others[language] += len(set(hits) - {row["said"]})
                if row["said"] not in hits:
                    print(f"  {language}: {asked} does not find {row['said']}")
    print(f"{'language':10} {'n':>4} {'found':>6} {'first':>6} {'others':>6}")
    for language, count in every.items():
        print(f"{language:10} {count:4} {found[language]:6} {first[language]:6} {others[language]:6}")
    print(f"{'all':10} {every.total():4} {found.total():6} {first.total():6} {others.total():6}")


def add(library: Library, number: int, passages: Sequence[str]) -> None:
    """A recording in which this is said."""
    with library.write() as session:
        content_id = contents.add(session, number.to_bytes(32), "audio")
        stat = FileStat(Path(f"/{number}"), 1, 1)
        assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
        heard = analyses.record(session, "speech", "1", "done", content_id=content_id)
        made = [NewUnit("speech", {}, 4.0 * at, 4.0 * at + 4, text=text) for at, text in enumerate(passages)]
        units.add(session, [(unit, content_id, heard, None) for unit in made])


if __name__ == "__main__":
    main()
