"""The library's log on standard output."""

import logging

import pytest

from ecm_tf.core.logging import LOGGER, configure_logging


@pytest.fixture
def logger():
    logger = logging.getLogger(LOGGER)
    level, handlers = logger.level, logger.handlers[:]
    logger.handlers[:] = []
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_messages_are_printed_once_without_a_prefix(logger, capsys):
    configure_logging()
    configure_logging()
    logging.getLogger(f"{LOGGER}.training").info("step %d", 3)
    logging.getLogger(f"{LOGGER}.training").debug("not printed")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("step 3\n", "")
