"""The folders of a library as a tree, each with how many files it has, and a link to these."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import streamlit as st

from db.catalog import assets, facets, revision
from search.query.language import Clause
from ui.app import resources
from ui.wording import files

_OPEN = "opened_folders"
_MOST = 200
"""Folders in one that are listed: more than that is no list that anybody reads."""


@st.cache_data(show_spinner=False, max_entries=2)
def _tree(revision: int) -> tuple[dict[Path, int], dict[Path, list[Path]]]:  # noqa: ARG001 - the key
    with resources.read() as session:
        counts = facets.folders(session, assets.roots(session))
    inside: dict[Path, list[Path]] = defaultdict(list)
    for folder in counts:
        inside[folder.parent].append(folder)
    return counts, dict(inside)


def read() -> "Tree":
    """The tree as the library is now; counted again only when that has changed."""
    with resources.read() as session:
        return Tree(*_tree(revision.current(session)))


class Tree:
    """How many files there are in and below each folder, and which folders are in it."""

    def __init__(self, counts: Mapping[Path, int], inside: Mapping[Path, Sequence[Path]]) -> None:
        self._counts = counts
        self._inside = inside

    def show(self, folder: Path) -> None:
        """What a folder has, beside its name, in a row: its files and its folders, which a click lists."""
        count = self._counts.get(folder, 0)
        within = len(self._inside.get(folder, ()))
        st.markdown(f":gray[{files(count)}]", width="content")
        if within:
            st.button(
                "1 folder" if within == 1 else f"{within:,} folders",
                key=f"open_{_key(folder)}",
                icon=":material/expand_more:" if self._is_open(folder) else ":material/chevron_right:",
                type="tertiary",
                help=f"The folders in {resources.plain(folder.name)}",
                on_click=_turn,
                args=(folder,),
            )
        if count:
            st.page_link(
                "pages/find.py",
                label="Show these",
                icon=":material/photo_library:",
                query_params={"q": str(Clause("in", (str(folder),)))},
            )

    def below(self, folder: Path) -> None:
        """List the folders in one, where that is opened, and in these."""
        if not self._is_open(folder):
            return
        inside = self._inside.get(folder, ())
        with st.container(key=f"tree_{_key(folder)}", gap="xsmall"):
            for one in inside[:_MOST]:
                with st.container(horizontal=True, vertical_alignment="center", key=f"branch_{_key(one)}"):
                    st.markdown(f":material/folder: {resources.plain(one.name)}", width="content")
                    self.show(one)
                self.below(one)
            if len(inside) > _MOST:
                st.caption(f"And {len(inside) - _MOST:,} more, which `trove values in` lists.")

    def _is_open(self, folder: Path) -> bool:
        return folder in st.session_state.get(_OPEN, ())


def _turn(folder: Path) -> None:
    opened = st.session_state.setdefault(_OPEN, set())
    opened.symmetric_difference_update({folder})


def _key(folder: Path) -> str:
    """Short and without signs that mean something in a name of CSS."""
    return sha256(bytes(folder)).hexdigest()[:16]
