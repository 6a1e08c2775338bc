"""Analysers of media: the frames of films, the passages of speech."""
