"""A model directory becomes a directory of TensorFlow Lite files."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256, write_manifest
from ecm_tf.core.output import finished_directory
from ecm_tf.decoding import Replies, greedy_search
from ecm_tf.model import ECM
from ecm_tf.model.directory import CONFIG, load_model
from ecm_tf.model.recurrence import scan_without_arrays
from ecm_tf.text.assets import TextAssets
from export.saved_model.signatures import POST
from export.tflite.files import ASSETS, IDS, KIND, TEXT
from export.tflite.text import CompactText

_EMOTION = tf.TensorSpec([None], tf.int32, "emotion")


def convert(train_dir: Path, output: Path, quantize: str = "none") -> Path:
    """Writes a finished directory of kind `tflite`.

    - `ids.tflite`: `post` int32 `(batch, length)`, padded with PAD, and `emotion` int32 `(batch,)`
      → `ids` int32 `(batch, max_response_length)`, `lengths` int32 and `scores` float32 `(batch,)`;
      builtin operations only. The length is at least `ModelConfig.min_post_length`.
    - `text.tflite`: `post` string and `emotion` int32 `(batch,)` → `response` string and `score`
      float32 `(batch,)`; with the custom operations `FastSentencepieceTokenizer` needs.
    - `config.json` and `assets/`: the model's sizes, vocabularies, tokenizer and emotions.

    Both search greedily, and take any batch and length from 1.

    Args:
        train_dir: a model directory.
        output: must not exist.
        quantize: a key of `export.tflite.files.SCHEMES`.

    Returns:
        `output`.

    Raises:
        InputError: no such model, or the output exists.
    """
    if output.exists():
        raise InputError(f"{output}: exists already; expected a new directory.")
    model, assets = load_model(train_dir)
    functions = {IDS: of_ids(model), TEXT: _of_text(model, assets)}
    with finished_directory(output) as directory:
        for name, function in tqdm(
            functions.items(), desc=output.name, unit=" files", disable=None
        ):
            flatbuffer = _converted(function, model, quantize, custom=name == TEXT)
            (directory / name).write_bytes(flatbuffer)
        names = [f"{ASSETS}/{name}" for name in assets.save(directory / ASSETS)]
        model.config.save(directory / CONFIG)
        write_manifest(
            directory,
            KIND,
            files=[IDS, TEXT, CONFIG, *names],
            settings={"quantize": quantize},
            counts={
                "bytes": {name: (directory / name).stat().st_size for name in (IDS, TEXT)},
                "weights": model.count_params(),
            },
            sources={str(train_dir): sha256(train_dir / MANIFEST)},
        )
    return output


def of_ids(model: ECM) -> Callable:
    """The function of `ids.tflite`."""
    post = tf.TensorSpec([None, None], tf.int32, "post")

    @tf.function(input_signature=[post, _EMOTION], autograph=False)
    def reply(post, emotion):
        return _greedy(model, post, emotion)._asdict()

    return reply


def _of_text(model: ECM, assets: TextAssets) -> Callable:
    text = CompactText(assets, model.config.min_post_length, model.config.max_post_length)

    @tf.function(input_signature=[POST, _EMOTION], autograph=False)
    def reply(post, emotion):
        replies = _greedy(model, text.post_ids(post), emotion)
        return {"response": text.reply_text(replies.ids), "score": replies.scores}

    return reply


def _greedy(model: ECM, post: tf.Tensor, emotion: tf.Tensor) -> Replies:
    step, state = model.begin(post, emotion, scan=scan_without_arrays)
    return greedy_search(step, state, model.config.max_response_length)


def converter_of(function: Callable, model: ECM) -> tf.lite.TFLiteConverter:
    """A converter of a `tf.function` with an input signature, which uses the model's weights."""
    # The converter freezes variables that it finds; it does not find Keras's in a Keras model.
    owner = tf.Module()
    owner.variables_to_freeze = [weight.value for weight in model.weights]
    owner.function = function
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], owner
    )


def _converted(function: Callable, model: ECM, quantize: str, *, custom: bool) -> bytes:
    """A flatbuffer of the function.

    Args:
        function, model: as for `converter_of`.
        quantize: as for `convert`.
        custom: whether the function needs operations that TensorFlow Lite does not have. The
            converter would let any such operation pass.
    """
    converter = converter_of(function, model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.allow_custom_ops = custom
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    with command.suppress_native_stderr():
        return converter.convert()
