"""Progress bars of data preparation."""

from tqdm import tqdm


def progress_bar(title: str, total: int | None = None, unit: str = "pairs") -> tqdm:
    """Returns a progress bar on stderr, which is disabled if stderr is not a terminal."""
    return tqdm(desc=title, total=total, unit=f" {unit}", mininterval=1, disable=None)
