"""The exception for bad input."""


class InputError(ValueError):
    """Input that the user must correct: a file, a record or an argument.

    The message is one sentence that names the file and record (or the argument), what was expected
    and what was received. Commands print it without a traceback and exit with status 2.
    """
