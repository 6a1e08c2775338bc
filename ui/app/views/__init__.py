"""Parts that pages are made of: the question, its filters, the opened hit, indexing."""
