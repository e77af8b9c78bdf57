"""The shape of a session: manifest, frames, columns."""
