"""Queries: words, pictures and conditions, and the grammar of the query box."""
