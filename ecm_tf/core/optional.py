"""Optional packages: a missing one becomes an `InputError` that says how to install it."""

import contextlib
from collections.abc import Iterator

from ecm_tf.core.errors import InputError


@contextlib.contextmanager
def require_extra(extra: str) -> Iterator[None]:
    """Reports a package that an import inside the `with` block does not find as an `InputError`.

    The message names no package index: this project is installed from a clone or a wheel file.

    Args:
        extra: the extra of this project, as in `pyproject.toml`, that installs the package.

    Raises:
        InputError: a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        # Some packages, such as Ray Train, raise an error of their own about a missing one.
        missing = error.__cause__ or error
        if not isinstance(missing, ModuleNotFoundError):
            raise
        raise InputError(
            f"{missing.name}: this package is not installed; install this project's `{extra}` "
            f"extra: pip install '.[{extra}]' in a clone, or pip install 'FILE.whl[{extra}]' from "
            "a wheel."
        ) from error
