"""Drives: which file system a folder is on, and whether what is not seen there is gone or out of reach."""
