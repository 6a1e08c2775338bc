"""The library without a question: a map of its pictures, near-duplicates, places."""
