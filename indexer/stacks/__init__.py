"""Stacks: which files are one thing to people, by a table of rules."""
