"""Questions about pictures, answered by a model that sees them."""
