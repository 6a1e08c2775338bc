"""Search pipeline: retrieve, fuse and judge hits, and draw pictures that the library lacks."""
