"""Pictures by diffusion models, for what the library does not have."""
