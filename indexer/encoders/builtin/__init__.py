"""The embedding model that needs no download: EfficientNet-Lite0 and MiniLM, joined by a projection."""
