"""Evaluation of models: retrieval quality on captioned pictures, and cost on this machine."""
