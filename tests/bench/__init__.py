"""How fast, measured: every row runs in a process of its own and stands beside something else that did the same work."""
