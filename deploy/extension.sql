-- For readers that keep no copy of the vectors; all else does without.
CREATE EXTENSION IF NOT EXISTS vector;
