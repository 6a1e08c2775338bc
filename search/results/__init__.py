"""Presentation of answers: hits page by page, the moments of a file, and exports."""
