"""The one exception that means: the user's input is at fault, and here is how."""


class InputError(ValueError):
    """Bad input from outside the program.

    Its message is one sentence that names the file and record (or the argument), says what was
    expected, and what came. Commands print it and exit with status 2; a traceback never shows.
    """
