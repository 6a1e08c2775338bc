"""Exploring a library without a query: a map of its pictures, near-duplicates, places."""
