"""Candidates of each source, ranked, fused and judged."""
