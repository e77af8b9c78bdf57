"""The one Bytewax source and its feeds, and importers of other people's data."""
