"""The scripts and style sheets of the components."""

from pathlib import Path


def joined(*names: str) -> str:
    """The files of this folder one after the other: Streamlit takes one script and one style for each."""
    return "".join((Path(__file__).parent / name).read_text("utf-8") for name in names)
