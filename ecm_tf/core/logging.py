"""Console output of the library's log, for commands.

Library modules log to `logging.getLogger(__name__)`, below the logger `ecm_tf`; what becomes of
the messages is the application's choice. The commands print them to standard output.
"""

import logging
import sys

from tqdm import tqdm

LOGGER = "ecm_tf"


class _ConsoleHandler(logging.Handler):
    """Prints messages to standard output, above any tqdm progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        # Looked up each time, because callers may redirect it. Errors are raised, as `print` does:
        # `ecm_tf.core.command.run` handles a reader of standard output that has gone.
        tqdm.write(self.format(record), file=sys.stdout)
        sys.stdout.flush()


def configure_logging(level: int = logging.INFO, name: str = LOGGER) -> None:
    """Prints the log of a package to standard output, one line per message without a prefix.

    Calling it again only changes the level.

    Args:
        level: the lowest level that is printed.
        name: the package.
    """
    logger = logging.getLogger(name)
    logger.setLevel(level)
    if not any(isinstance(handler, _ConsoleHandler) for handler in logger.handlers):
        handler = _ConsoleHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
