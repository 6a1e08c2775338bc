"""An answer as it is shown: page by page, moment by moment, or exported."""
