"""Messages of the assertions in an exported model's graph."""

import re


def assertion_message(message: str) -> str:
    """Returns the message of an assertion without TensorFlow's graph locations.

    Args:
        message: of an InvalidArgument error; returned as it is if it is not from an assertion.
    """
    lines = [line for line in message.splitlines() if line.startswith("assertion failed: ")]
    if not lines:
        return message
    return re.sub(r"\]?\s*\[", " ", lines[0].removeprefix("assertion failed: ")).strip(" []")
