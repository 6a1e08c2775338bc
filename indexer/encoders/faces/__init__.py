"""Faces: a detector with five points of each face, and the network that tells whose face it is."""
