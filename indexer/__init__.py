"""Indexing of media files: scan, plan, decode, transcribe, encode, store."""
