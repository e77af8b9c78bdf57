"""The errors an operator may see.

    GhosttapeError
    ├── SettingError      a setting is wrong: file, key, value, what was expected
    ├── SessionError      a recorded session is missing, broken, or of a newer format
    ├── ResourceError     a port in use, a read-only disk, a locked file
    └── MismatchError     a replay did not give what the manifest says

Bad data is no exception: it is a `records.Reject`. Every message says what was found, what was expected, and what to do, in
one line.
"""


class GhosttapeError(Exception):
    """The root: its message is one line, for the person who started the program."""


class SettingError(GhosttapeError):
    """A setting is wrong."""

    def __init__(self, file: str, key: str, value: object, expected: str) -> None:
        """Say `file: key = value: expected …`."""
        super().__init__(f"{file}: {key} = {value!r}: expected {expected}")


class SessionError(GhosttapeError):
    """A recorded session is missing, broken, or of a newer format."""


class ResourceError(GhosttapeError):
    """The machine refuses: a port in use, a read-only disk, a locked file."""


class MismatchError(GhosttapeError):
    """A replay did not give what the manifest says."""
