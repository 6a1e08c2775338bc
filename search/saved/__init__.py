"""Saved searches, with thumbs on their hits."""
