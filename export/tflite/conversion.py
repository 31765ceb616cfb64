"""Converts a model directory to a directory of TensorFlow Lite files."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256, write_manifest
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.model import ECM
from ecm_tf.model.directory import CONFIG
from ecm_tf.model.emotion_prediction import emotion_log_probs
from export.saved_model.signatures import POST
from export.tflite.files import ASSETS, FILES, IDS, KIND, TEXT, PostShape
from export.tflite.greedy import GreedyReplies
from export.tflite.text import CompactText


def convert(
    train_dir: Path,
    output: Path,
    quantize: str = "none",
    *,
    files: Collection[str] = FILES,
    shape: PostShape | None = None,
    noise: bool = False,
) -> Path:
    """Writes a directory of kind `tflite`, with a manifest.

    - `ids.tflite`: `post` int32 `(batch, length)`, padded with PAD, and `emotion` int32 `(batch,)`
      → `ids` int32 `(batch, max_response_length)`, `lengths` int32 and `scores` float32 `(batch,)`;
      builtin operations only. The length is at least `ModelConfig.min_post_length`. If the model
      predicts emotions, also `emotion_log_probs` float32 `(batch, categories)`, log P(emotion |
      post) in nats. With the input `noise`, float32 `(response_vocabulary_size,)`, it samples; see
      `export.tflite.perturbed_search`.
    - `text.tflite`: `post` string and `emotion` int32 `(batch,)` → `response` string and `score`
      float32 `(batch,)`; needs the custom operations of `FastSentencepieceTokenizer`.
    - `config.json` and `assets/`: sizes, vocabularies, tokenizer and emotions of the model.

    Both files use greedy search with the model's own blocked words, blocked repeats and minimum
    length (`search.json`), and accept any batch size. A fixed shape of
    `ids.tflite` is for runtimes that refuse dynamic dimensions, such as LiteRT.js.

    Args:
        train_dir: model directory.
        output: a new or empty directory.
        quantize: quantisation scheme, a key of `export.tflite.files.SCHEMES`.
        files: the files to write, of `export.tflite.files.FILES`, at least one.
        shape: fixed shape of `post` in `ids.tflite`; None for dynamic dimensions.
        noise: whether `ids.tflite` has the input `noise`.

    Returns:
        `output`.

    Raises:
        InputError: the model directory is missing or unfinished, the output is not empty, the model
            does not take posts of this length, or `text.tflite` cannot process its text.
    """
    check_output(output)
    replies = GreedyReplies(train_dir)
    model = replies.model
    functions = {}
    if IDS in files:
        functions[IDS] = ids_function(replies, shape, noise=noise)
    if TEXT in files:
        functions[TEXT] = _text_function(replies)
    with finished_directory(output) as directory:
        for name, function in tqdm(
            functions.items(), desc=output.name, unit=" files", disable=None
        ):
            content = _flatbuffer(function, model, quantize, allow_custom_ops=name == TEXT)
            (directory / name).write_bytes(content)
        names = [f"{ASSETS}/{name}" for name in replies.assets.save(directory / ASSETS)]
        model.config.save(directory / CONFIG)
        write_manifest(
            directory,
            KIND,
            files=[*functions, CONFIG, *names],
            settings={"quantize": quantize, "shape": shape and shape._asdict(), "noise": noise},
            counts={
                "bytes": {name: (directory / name).stat().st_size for name in functions},
                "weights": model.count_trainable_params(),
            },
            sources={"model": sha256(train_dir / MANIFEST)},
        )
    return output


def ids_function(
    replies: GreedyReplies, shape: PostShape | None = None, *, noise: bool = False
) -> Any:
    """Returns the `tf.function` of `ids.tflite`.

    Args:
        replies: model to convert, with its search.
        shape: fixed shape of its posts; None for dynamic dimensions.
        noise: whether it has the input `noise`.

    Raises:
        InputError: the model does not take posts of this length.
    """
    model, config = replies.model, replies.model.config
    if shape and not config.min_post_length <= shape.length <= config.max_post_length:
        raise InputError(
            f"post length: expected {config.min_post_length} to {config.max_post_length} tokens "
            f"for this model, got {shape.length}."
        )
    batch, length = shape or (None, None)
    post = tf.TensorSpec([batch, length], tf.int32, "post")
    emotion = tf.TensorSpec([batch], tf.int32, "emotion")

    inputs = [post, emotion]
    if noise:
        inputs.append(tf.TensorSpec([config.response_vocabulary_size], tf.float32, "noise"))

    @tf.function(input_signature=inputs, autograph=False)
    def reply(
        post: tf.Tensor, emotion: tf.Tensor, noise: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        encoded = replies.encode(post)
        found = replies(encoded, emotion, noise)
        # LiteRT.js returns undefined memory for direct outputs of a loop. These operations change
        # no value, and the converter cannot know it.
        outputs = {
            "ids": tf.maximum(found.ids, 0),
            "lengths": tf.maximum(found.lengths, 0),
            "scores": tf.minimum(found.scores, 0.0),
        }
        if model.config.predict_emotion:
            outputs["emotion_log_probs"] = emotion_log_probs(model, encoded)
        return outputs

    return reply


def _text_function(replies: GreedyReplies) -> Any:
    """Returns the `tf.function` of `text.tflite`."""
    config = replies.model.config
    text = CompactText(replies.assets, config.min_post_length, config.max_post_length)

    emotion = tf.TensorSpec([None], tf.int32, "emotion")

    @tf.function(input_signature=[POST, emotion], autograph=False)
    def reply(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        found = replies(replies.encode(text.post_ids(post)), emotion)
        return {"response": text.reply_text(found.ids), "score": found.scores}

    return reply


def make_converter(function: Any, model: ECM) -> tf.lite.TFLiteConverter:
    """Returns the converter of a function that uses a model's weights.

    Args:
        function: `tf.function` with an input signature.
        model: model whose weights the function uses.
    """
    # The converter freezes the variables of `tf.Module`s; it does not search Keras models.
    owner = tf.Module()
    owner.variables_to_freeze = [weight.value for weight in model.weights]
    owner.function = function
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], owner
    )


def _flatbuffer(function: Any, model: ECM, quantize: str, *, allow_custom_ops: bool) -> bytes:
    """Returns the content of the TensorFlow Lite file of a function.

    Args:
        function: `tf.function` with an input signature.
        model: model whose weights the function uses.
        quantize: quantisation scheme, as for `convert`.
        allow_custom_ops: True if the function needs custom operations. The converter then accepts
            every operation that is unknown to TensorFlow Lite, so it is False where possible.
    """
    converter = make_converter(function, model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.allow_custom_ops = allow_custom_ops
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    with suppress_native_stderr():
        return converter.convert()
