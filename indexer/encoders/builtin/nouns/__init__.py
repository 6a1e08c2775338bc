"""What English nouns mean in ImageNet's classes: a table of WordNet's."""
