"""The crowd: what it posts and about what."""
