"""The files of an opened hit that belong together, as a strip: each can be opened, and made the shown one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from db.catalog import copies
from db.errors import MediaError
from indexer.media.thumbnails import GRID_SIDE
from search.answer import Hit, Member
from ui.app import resources
from ui.app.routes import media
from ui.wording import stack_reason

_OPENED = "viewer_member"
_WIDTH_PX = 132


def close() -> None:
    """Go back to the file that stands for the stack."""
    st.session_state[_OPENED] = None


def opened(hit: Hit) -> Hit:
    """The hit by the file of its stack that was opened in the strip, or as it is."""
    unit_id = st.session_state.get(_OPENED)
    member = next((member for member in hit.stack if member.unit_id == unit_id), None)
    if member is None or member.path == hit.path:
        return hit
    row = media.unit(member.unit_id)
    with resources.read() as session:
        others = copies.others(session, member.path)
    of_it = tuple(fact for fact in hit.why if fact.path == member.path)
    moment = next((fact for fact in of_it if fact.start_s is not None), row)
    return replace(
        hit,
        kind=row.kind,
        path=member.path,
        start_s=moment.start_s,
        end_s=moment.end_s,
        unit_id=row.id,
        media=row.media,
        taken_at=row.file.taken_at,
        copies=others,
        offline=row.file.offline,
        why=of_it,
    )


def strip(hit: Hit, current: Hit, on_open: Callable[[], None]) -> None:
    """The members of a hit's stack.

    Args:
        current: the one that is shown above.
        on_open: called before another one is.
    """
    if not hit.stack:
        return
    members = resources.library().stack(hit.path)
    st.caption(f"{len(members)} files that belong together")
    with st.container(horizontal=True, key="stack"):
        for at, member in enumerate(members):
            with st.container(width=_WIDTH_PX, key=f"stack_{at}"):
                _picture(member)
                _buttons(at, member, members, is_current=member.path == current.path, on_open=on_open)


def _picture(member: Member) -> None:
    try:
        st.image(str(media.still(media.unit(member.unit_id), GRID_SIDE)), alt=member.path.name)
    except MediaError as exc:
        st.caption(resources.plain(resources.sentence(str(exc))))
    st.caption(resources.plain(member.path.name), help=resources.plain(stack_reason(member.reason)))


def _buttons(
    at: int, member: Member, members: Sequence[Member], *, is_current: bool, on_open: Callable[[], None]
) -> None:
    is_played = member.media == "video" and any(other.media == "image" for other in members)
    st.button(
        "Play" if is_played else "Open",
        icon=":material/play_circle:" if is_played else ":material/open_in_full:",
        key=f"stack_open_{at}",
        disabled=is_current,
        on_click=_open,
        args=(member.unit_id, on_open),
    )
    if member.shown:
        st.caption(":material/check: Shown")
    elif st.button("Show this one", key=f"stack_show_{at}", help="Let it stand for the others from now on"):
        with resources.explained():
            resources.library().show(member.path)
            st.rerun()


def _open(unit_id: int, on_open: Callable[[], None]) -> None:
    on_open()
    st.session_state[_OPENED] = unit_id
