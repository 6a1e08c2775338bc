"""Explanations: why a file is, or is not, a hit, and which parts of the picture matter."""
