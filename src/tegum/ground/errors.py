"""What can go wrong, one class per kind of mistake.

Every message says what was wrong, what was expected and how to mend it. The command line prints the message of a
`TegumError` and nothing else.
"""


class TegumError(Exception):
    """Root of all errors that tegum raises on purpose."""


class InputError(TegumError, ValueError):
    """A value that the caller passed cannot be used."""


class ShapeError(InputError):
    """An array has the wrong number of axes or the wrong lengths."""


class FileError(TegumError, OSError):
    """A file is missing, damaged, foreign, newer than this version, or in the way."""


class DivergedError(TegumError, ArithmeticError):
    """Training left the region in which its numbers mean anything."""
