"""Measures one TensorFlow Lite file: `python -m export.tflite.measurement FILE POSTS.json`.

Called by `export.tflite.comparison`, in a process of its own so that the peak memory is that of
running the file. For `text.tflite` it includes TensorFlow, because Python gets the file's custom
operations from tensorflow-text. `POSTS.json` holds the posts, as token ids or as text, and the
number of emotions. The command prints JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ecm_tf.core.memory import peak_memory_bytes
from export.tflite.files import IDS
from export.tflite.interpreter import Interpreter


def measure(file: Path, posts: list[Any], categories: int) -> dict[str, Any]:
    """Answers each post in all emotions, a batch for each post, and measures the cost.

    Args:
        file: path of `ids.tflite` or `text.tflite`.
        posts: token ids for `ids.tflite`, texts for `text.tflite`.
        categories: number of emotions.

    Returns:
        `replies`, texts or lists of ids indexed by post and then by emotion; `load` and `seconds`,
        the median for a post, in seconds; `memory`, the peak in bytes.
    """
    Interpreter(file)  # Imports the libraries, whose time is not measured.
    start = time.perf_counter()
    interpreter = Interpreter(file)
    load, seconds, replies = time.perf_counter() - start, [], []
    takes_ids = file.name == IDS
    for post in tqdm(posts, desc=f"{file.parent.name}/{file.name}", unit=" posts", disable=None):
        batch = [post if takes_ids else post.encode()] * categories
        start = time.perf_counter()
        outputs = interpreter(batch, range(categories))
        seconds.append(time.perf_counter() - start)
        replies.append(
            outputs["ids"].tolist()
            if takes_ids
            else [text.decode() for text in outputs["response"]]
        )
    return {
        "replies": replies,
        "load": load,
        "seconds": statistics.median(seconds),
        "memory": peak_memory_bytes(),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), **json.loads(Path(sys.argv[2]).read_text()))))
