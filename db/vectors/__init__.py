"""Exact and approximate nearest-neighbour search with FAISS: indexes, their files, the IVF accelerator."""
