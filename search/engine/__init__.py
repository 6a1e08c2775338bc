"""Retrieval engine: candidates of each source, ranked, fused and judged."""
