"""Rows that are compared without FAISS until it is worth loading."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from db.vectors import segment
from db.vectors.files import IndexFiles
from db.vectors.index import VectorIndex
from tests.support.rows import directions

ROWS = directions(1_000)
ONLY = list(range(3, 2_000, 7))

SEARCHED = f"""
import json, sys
from pathlib import Path
from db.vectors import files, segment
from tests.support.rows import directions
folder, mapped = Path(sys.argv[1]), sys.argv[2] == "mapped"
files._MAP_FROM_BYTES = 0 if mapped else 1 << 30
segment.WORTH_LOADING = 2 * 8 * (1_000 + {len(ONLY)})
index, _ = files.IndexFiles(folder, 1, "picture", 8).read()
for path in folder.iterdir():
    path.unlink()  # as when another process writes the index anew
told = []
for _ in range(3):
    found = index.search(directions(2), 5), index.search(directions(2), 5, only=files.np.array({ONLY}))
    told.append(["faiss" in sys.modules, found, index.vectors(files.np.array([40, 2])).tolist()])
print(json.dumps(told))
"""


@pytest.mark.parametrize("how", ["read", "mapped"])
def test_few_questions_are_answered_without_faiss_and_as_it_answers_them(how: str, tmp_path: Path) -> None:
    index = VectorIndex(8).compacted(2 * np.arange(1_000), lambda ids: ROWS[ids // 2])
    IndexFiles(tmp_path, 1, "picture", 8).write(index, 1)
    command = [sys.executable, "-c", SEARCHED, str(tmp_path), how]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [loaded for loaded, _, _ in told] == [False, True, True], "it is loaded for the second round"
    expected = index.search(ROWS[:2], 5), index.search(ROWS[:2], 5, only=np.array(ONLY))
    for _, found, vectors in told:
        for one, other in zip(np.array(found).reshape(-1, 2), np.array(expected).reshape(-1, 2), strict=True):
            assert one[0] == other[0]
            assert one[1] == pytest.approx(other[1], abs=1e-5)
        assert np.array_equal(vectors, index.vectors(np.array([40, 2])))


def test_similarities_are_the_same_however_many_rows_are_taken_at_a_time() -> None:
    rows = directions(segment._AT_ONCE * 2 + 3)
    codes = rows.astype("<f2").view(np.uint8)
    places = np.arange(1, len(rows), 2)
    exact = rows[:3] @ rows.astype("<f2").astype(np.float32).T
    assert np.allclose(segment.similarities(rows[:3], codes), exact, atol=1e-6)
    assert np.allclose(segment.similarities(rows[:3], codes, places), exact[:, places], atol=1e-6)
