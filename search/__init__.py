"""From a question to an answer: retrieve, fuse, judge, and draw what is missing."""
