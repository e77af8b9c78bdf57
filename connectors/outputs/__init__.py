"""Where results go: archive, warehouse, feed."""
