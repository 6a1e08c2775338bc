"""The library on disk: settings, tables, full text and vectors. Imports nothing else of Trove."""
