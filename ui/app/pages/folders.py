"""Library page: the folders and what is in them, what was passed over or failed, what it takes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from db.catalog import revision
from db.catalog.assets import Failure
from db.errors import SettingsError, TroveError
from db.files import is_there
from db.paths import expanded, is_under
from indexer.control import AnalyserState
from search.health.status import Status
from search.health.storage import Storage
from ui.app import resources
from ui.app.views import indexing, tree
from ui.wording import counts_by_label, duration, evidence_in_words, files, out_of_reach, passed_over, size

_MOST_FAILURES = 200
_FEW_FAILURES = 20
_NEWS_S = 3.0


def _counts(facts: Status) -> None:
    with st.container(horizontal=True):
        counts = counts_by_label(facts.units) | {"Files": facts.assets, "Failed": facts.failed}
        counts |= {"Not finished yet": facts.unfinished} if facts.unfinished else {}
        for label, count in counts.items():
            st.metric(label, f"{count:,}", border=True, width=150)
    if evidence := evidence_in_words(facts.units):
        st.caption(f"With them are found {evidence}.")
    if facts.model:
        st.caption(f"What is known of them is kept in {resources.plain(facts.library)}")


def _folders(offline: Mapping[str, int]) -> None:
    st.header("Folders")
    roots = resources.library().folders.patterns()
    active = indexing.progress()
    branches = tree.read()
    for root, patterns in roots.items():
        _folder(root, patterns, branches, active)
    for folder, count in offline.items():
        _out_of_reach(folder, count, active)
    if not active:
        indexing.add_folder("add_folder")
    if roots:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Refresh all",
                icon=":material/refresh:",
                key="refresh_all",
                disabled=active,
                help="Look for new, changed and deleted files in all folders",
                on_click=indexing.refresh,
            )
            _watch()


def _folder(root: Path, patterns: Sequence[str], branches: tree.Tree, active: bool) -> None:
    badge = "" if is_there(root) else " :orange-badge[not connected]"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/folder: {resources.plain(str(root))}{badge}", width="content")
        branches.show(root)
        label = f"Leaves out {len(patterns)}" if patterns else "Leave out"
        with st.popover(label, icon=":material/filter_alt:", type="tertiary", disabled=active):
            _patterns(root, patterns)
        with st.popover("Remove", icon=":material/close:", type="tertiary", disabled=active):
            st.markdown(
                "Its pictures, videos and recordings are **not found any more**. The files themselves stay "
                "where they are; adding the folder again indexes them anew."
            )
            st.button(
                "Remove it from the library",
                key=f"remove_{root}",
                type="primary",
                on_click=partial(_remove, root),
            )
    branches.below(root)


def _patterns(root: Path, patterns: Sequence[str]) -> None:
    key = f"patterns_{root}"
    st.text_area(
        "What is not looked at, one a line",
        "\n".join(patterns),
        key=key,
        placeholder="*.png\n/Scans/2019/\nPrivate/",
        help="As in a `.gitignore`: names, with * for anything; with a slash in front from this folder on, "
        "with one at the end only folders. Files named `.troveignore` do the same from where they are.",
    )
    st.button("Save", key=f"save_{root}", type="primary", on_click=partial(_keep, root, key))
    forgotten = f"forget_{root}"
    st.text_input("A folder in it that is not wanted", key=forgotten, placeholder=str(root / "Private"))
    st.button("Take it out", key=f"forget_in_{root}", on_click=partial(_forget, root, forgotten))


def _keep(root: Path, key: str) -> None:
    try:
        count = resources.library().folders.keep(root, st.session_state[key].splitlines())
    except TroveError as exc:
        resources.explain(exc)
    else:
        st.toast(f"{_files_are(count)} newly left out. The next refresh brings back what is not any more.")


def _forget(root: Path, key: str) -> None:
    typed = (st.session_state[key] or "").strip()
    if not typed:
        return
    folder = resources.library().known(root / expanded(typed))
    if folder == root or not is_under(folder, [root]):
        resources.explain(SettingsError(f"{typed} is not in {root}", "Name a file or folder in it."))
    else:
        _remove(folder)
        del st.session_state[f"patterns_{root}"]  # it has another pattern now


def _left_out() -> None:
    """Which rules leave out how many files: a walk over the disk, made when it is asked for."""
    if not st.toggle("Show what is left out", key="show_left_out"):
        return
    with st.spinner("Counting …"):
        left_out = resources.library().folders.left_out()
    rows = [(root, one) for root, rules in left_out.items() for one in rules]
    if not rows:
        st.caption("Nothing: all pictures, films and recordings in your folders are looked at.")
        return
    st.table(
        {
            "Folder": [resources.plain(str(root)) for root, _ in rows],
            "Left out": [resources.plain(one.rule.what) for _, one in rows],
            "Files": [one.files for _, one in rows],
            "Why": [resources.plain(resources.sentence(one.rule.reason)) for _, one in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def _out_of_reach(folder: str, count: int, active: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/usb_off: {resources.plain(out_of_reach(folder, count))}. They stay in your library.",
            width="content",
        )
        with st.popover("They are gone", type="tertiary", disabled=active):
            st.markdown(
                f"The {count:,} files are then **not found any more**. Say so only if they were deleted: "
                "a drive that comes back brings them back by itself."
            )
            st.button(
                "Take them out of the library",
                key=f"gone_{folder}",
                type="primary",
                on_click=indexing.refresh,
                kwargs={"gone": Path(folder)},
            )


def _remove(root: Path) -> None:
    try:
        count = resources.library().forget(root)
    except TroveError as exc:
        resources.explain(exc)
    else:
        st.toast(f"{_files_are(count)} no longer in your library.")


def _files_are(count: int) -> str:
    return "1 file is" if count == 1 else f"{count:,} files are"


def _watch() -> None:
    job = resources.watch_job()
    st.session_state.watching = job.wanted
    st.toggle(
        "Keep up to date",
        key="watching",
        help="Watch the folders and index what changes as it happens, also while this page is closed",
        on_change=lambda: job.switch(st.session_state.watching),
    )


def _analysers(known: Sequence[AnalyserState] = ()) -> None:
    """How far each is: as ``known``, else as it is now."""
    st.header("What is looked at")
    for state in known or resources.library().analysers.every():
        with st.container(horizontal=True, vertical_alignment="center"):
            key = f"analyser_{state.name}"
            st.session_state[key] = state.on
            st.toggle(
                state.label.capitalize(),
                key=key,
                width="content",
                disabled=bool(state.off_by),
                help="Switched off, it makes nothing more, and what it made is not found",
                on_change=partial(_turn, state.name, key),
            )
            st.caption(_so_far(state))


def _so_far(state: AnalyserState) -> str:
    """How far an analyser is: 120 files · 3 left, about 2 min · off in /scans."""
    parts = [files(state.done)]
    if state.left:
        time = f", about {duration(state.seconds_left)}" if state.seconds_left else ""
        parts.append(f"{state.left:,} left{time}")
    if state.failed:
        parts.append(f"{state.failed:,} without a result")
    if state.on and state.lacking:
        parts.append(resources.plain(state.lacking))
    if state.off_by:
        parts.append(f"needs {', '.join(state.off_by)}")
    parts += [
        f"{'on' if is_on else 'off'} in {resources.plain(str(path))}" for path, is_on in state.folders.items()
    ]
    return " · ".join(parts)


def _turn(name: str, key: str) -> None:
    analysers = resources.library().analysers
    try:
        if st.session_state[key]:
            analysers.on(name)
        else:
            analysers.off(name)
    except TroveError as exc:
        resources.explain(exc)


def _reason(failure: Failure) -> str:
    reason = resources.sentence(failure.reason)
    return reason if failure.analyser is None else f"Only without {failure.analyser}: {reason}"


def _passed_over(facts: Status) -> None:
    """What is in the folders and not found, by reason; how much a rule leaves out takes a walk to tell."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if facts.cloud:
            st.caption(f"{facts.cloud:,} are in the cloud and not read: `trove index --download` does that.")
        if facts.hidden:
            st.caption(f"{facts.hidden:,} are hidden.", width="content")
            st.page_link("pages/find.py", label="Show what is hidden", query_params={"q": "is:hidden"})
    if facts.passed_over:
        st.caption(f"{passed_over(facts.passed_over)}.")
    _left_out()


def _failed() -> None:
    failures = resources.library().failures()
    if not failures:
        return
    st.header("Files that could not be read, or not whole")
    by_reason: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_reason[_reason(failure)].append(failure)
    for reason, own in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        with st.expander(
            f"**{resources.plain(reason)}** {files(len(own))}", expanded=len(failures) <= _FEW_FAILURES
        ):
            _failures(own)
    st.button(
        "Try them again",
        icon=":material/replay:",
        key="retry",
        disabled=resources.index_job().state().active,
        on_click=indexing.refresh,
        kwargs={"retry": True},
    )


def _failures(failures: Sequence[Failure]) -> None:
    shown = failures[:_MOST_FAILURES]
    # Not st.dataframe: it cuts long paths short, and draws them where no screen reader finds them.
    st.table(
        {
            "File": [resources.plain(str(failure.path)) for failure in shown],
            "Attempts": [failure.attempts for failure in shown],
        },
        border="horizontal",
        hide_index=True,
    )
    if len(failures) > len(shown):
        st.caption(f"And {len(failures) - len(shown):,} more, which `trove failures` lists.")


@st.cache_data(show_spinner=False, ttl=60, max_entries=2)
def _measured(revision: int) -> Storage:  # noqa: ARG001 - measured again when the library changes
    return resources.library().storage()


def _storage() -> None:
    st.header("Storage")
    with resources.read() as session:
        storage = _measured(revision.current(session))
    rows = {
        "Your files": (storage.originals, "where they are; Trove only reads them"),
        "Database": (storage.database, "what is known of them"),
        "Search index": (storage.vectors, "can be made again"),
        "Drawings": (storage.drawings, ""),
        "Thumbnails": (storage.thumbnails, "can be made again"),
        "Clips": (storage.clips, "can be made again"),
        "Prepared models": (storage.models, "can be made again"),
    }
    st.table(
        {
            "What": list(rows),
            "Takes": [size(count) for count, _ in rows.values()],
            "Note": [note for _, note in rows.values()],
        },
        border="horizontal",
        hide_index=True,
    )
    st.button(
        "Delete thumbnails and clips",
        icon=":material/delete_sweep:",
        key="clear_pictures",
        on_click=_clear,
        help="They are made again when you look at them",
    )


def _clear() -> None:
    resources.library().clear_pictures()
    _measured.clear()


facts = resources.status()
_folders(facts.offline)
_counts(facts)
if facts.assets or facts.hidden or facts.cloud or facts.passed_over:
    _passed_over(facts)
_failed()
if facts.assets or facts.hidden:
    # While it is indexed, how far each is and how long it will take changes by itself.
    running = resources.index_job().state().active
    st.fragment(_analysers, run_every=_NEWS_S)() if running else _analysers(facts.analysers)
    _storage()
