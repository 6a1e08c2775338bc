"""Models that put pictures and texts into one vector space."""
