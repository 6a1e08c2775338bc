"""The only door to FAISS: exact and approximate nearest-neighbour search, its files, its accelerator."""
