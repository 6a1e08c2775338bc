"""Searches that are kept, with what people think of their hits."""
