"""The command line ``trove``, one file a noun. Commands import what is heavy when they run."""
