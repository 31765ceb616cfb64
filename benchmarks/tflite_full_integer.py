"""Full integer quantization of `ids.tflite`: shows why `export.tflite` does not offer it.

    python benchmarks/tflite_full_integer.py --train_dir MODEL --dataset DATASET [--posts 100]

For 8-bit and 16-bit activations, prints the share of greedy replies that equal the model's, or the
converter's error. Posts of the dev split calibrate the conversion; those of the test split are
replied to.
"""

import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluation.generation import generate_replies
from ecm_tf.evaluation.pairs import evaluation_pairs
from ecm_tf.inference.responder import Responder
from export.tflite.conversion import ids_function, make_converter
from export.tflite.files import IDS
from export.tflite.greedy import GreedyReplies, greedy_config
from export.tflite.interpreter import Interpreter

CALIBRATION = 50
"""Number of posts for calibration."""

OPERATIONS = {
    "8-bit activations": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS],
    "16-bit activations": [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        tf.lite.OpsSet.TFLITE_BUILTINS,
    ],
}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--train_dir", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--posts", type=positive_int, default=100)
    arguments = parser.parse_args(argv)
    greedy, dataset = GreedyReplies(arguments.train_dir), DatasetDirectory(arguments.dataset)
    responder = Responder(greedy.model, greedy.assets)

    def ids(text: str) -> np.ndarray:
        return responder.post_ids(tf.constant([text])).numpy()

    def calibration() -> Iterator[dict[str, np.ndarray]]:
        for number, text in enumerate(evaluation_pairs(dataset, "dev", CALIBRATION).posts):
            emotion = np.array([number % responder.categories], np.int32)
            yield {"post": ids(text), "emotion": emotion}

    posts = evaluation_pairs(dataset, "test", arguments.posts).posts
    inputs = [np.repeat(ids(post), responder.categories, axis=0) for post in posts]
    expected = generate_replies(responder, posts, Search(greedy_config(arguments.train_dir))).ids
    # The calibrator itself uses the interpreter that TensorFlow calls deprecated.
    warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated")
    for name, operations in OPERATIONS.items():
        converter = make_converter(ids_function(greedy), greedy.model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = operations
        try:
            flatbuffer = converter.convert()
        except RuntimeError as error:
            print(f"{name}: the converter failed: {str(error).splitlines()[0]}")
            continue
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / IDS
            file.write_bytes(flatbuffer)
            interpreter = Interpreter(file)
            start = time.perf_counter()
            results = [interpreter(post, range(len(post))) for post in inputs]
            seconds = (time.perf_counter() - start) / expected[..., 0].size
        same = np.array([replies["ids"] for replies in results]) == expected
        print(
            f"{name}: {len(flatbuffer) / 1e6:.1f} MB, {seconds * 1e3:.2f} ms per reply, "
            f"{same.all(axis=-1).mean():.2%} of the replies equal the model's"
        )


if __name__ == "__main__":
    command.run(main)
