"""Putting faces in groups of one person each, and keeping these as users say."""
