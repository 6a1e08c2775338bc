"""Drawing: text-to-image diffusion models, for pictures that the library lacks."""
