"""The words of a command line as one query."""

from pathlib import Path

import pytest

from search.query.language import parse
from tests.support import rows as rows  # fills the table of kinds
from ui.cli.typed import query_of, within


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (None, ""),
        (["a dog on the beach"], "a dog on the beach"),
        (["a", "dog", "on", "the", "beach"], "a dog on the beach"),
        (["red car", "beach"], '"red car" beach'),
        (["dog", "-red car"], 'dog -"red car"'),
        (["cake", "said:happy birthday"], 'cake said:"happy birthday"'),
        (["-said:happy birthday", "cake"], '-said:"happy birthday" cake'),
        (["type:video dog", "beach"], "type:video dog beach"),
        (['"red car" dog', "beach"], '"red car" dog beach'),
        (["dog OR cat", "beach"], "dog OR cat beach"),
        (["-5", "degrees"], "-5 degrees"),
    ],
)
def test_words_are_joined_and_what_the_shell_unquoted_is_quoted_again(
    words: list[str] | None, query: str
) -> None:
    assert query_of(words) == query
    assert str(parse(str(parse(query)))) == str(parse(query))


def test_a_folder_is_meant_by_its_characters() -> None:
    folder = Path('/my "best" [1], pictures')
    parsed = parse(within('dogs said:"never closed', folder))
    assert parsed.values("in") == (str(folder),)
    assert parsed.values("said") == ("never closed",)
