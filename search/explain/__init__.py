"""Why a file is, or is not, an answer, and where in the picture."""
