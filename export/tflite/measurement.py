"""What a file costs: `python -m export.tflite.measurement FILE POSTS.json`, for `comparison`.

A process of its own, so that its memory is that of running the file and nothing else; though Python
gets the operations of `text.tflite` from tensorflow-text, and so all of TensorFlow. `POSTS.json`
has the posts as ids or as texts, and the number of emotions; each is answered in each emotion, one
at a time. Prints JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from tqdm import tqdm

from ecm_tf.core.memory import peak_memory_bytes
from export.tflite.files import IDS
from export.tflite.interpreter import Interpreter


def measure(file: Path, posts: list, categories: int) -> dict:
    """Replies to each post in each emotion, and what they cost.

    Returns:
        `replies` as `[posts][categories]` of texts or lists of ids, `load` and `reply` (median) in
        seconds, `memory` at its peak in bytes.
    """
    Interpreter(file)  # Once before, so that the import of libraries is not counted.
    start = time.perf_counter()
    interpreter = Interpreter(file)
    load, seconds, replies = time.perf_counter() - start, [], []
    for post in tqdm(posts, desc=f"{file.parent.name}/{file.name}", unit=" posts", disable=None):
        row = []
        for emotion in range(categories):
            given = [post] if file.name == IDS else [post.encode()]
            start = time.perf_counter()
            found = interpreter(given, [emotion])
            seconds.append(time.perf_counter() - start)
            row.append(
                found["ids"][0].tolist() if file.name == IDS else found["response"][0].decode()
            )
        replies.append(row)
    return {
        "replies": replies,
        "load": load,
        "reply": statistics.median(seconds),
        "memory": peak_memory_bytes(),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), **json.loads(Path(sys.argv[2]).read_text()))))
