"""Models that others have trained, by name: presets, weights on this machine, and what keeps them."""
