"""Searching: from a question in words or pictures to hits, a verdict, and the reasons for both.

Importing it registers all kinds of things that can be found.
"""

from indexer.analysers import registry as registry
