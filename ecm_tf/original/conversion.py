"""Conversion of a checkpoint of the original program into a model directory.

The original (Python 2.7, TensorFlow 0.12) saved V2 checkpoints. Sizes, layers and modules are
inferred from the variables; `docs/reproduction.md` compares the two programs.
"""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import ORIGINAL_BUCKETS, Buckets, ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_atomically
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions
from ecm_tf.text.vocabulary import SPECIALS, load_vocabulary

if TYPE_CHECKING:
    from ecm_tf.model import ECM
    from ecm_tf.original.checkpoint import OriginalCheckpoint
    from ecm_tf.text.assets import TextAssets


def import_checkpoint(
    prefix: str,
    output: Path,
    *,
    post_vocab: Path | None = None,
    response_vocab: Path | None = None,
    ememory: Path | None = None,
    buckets: Buckets = ORIGINAL_BUCKETS,
) -> "ECM":
    """Writes a model directory with the weights of an original checkpoint.

    The model does not mask padding, like the original, and takes text whose words are separated by
    spaces. The directory also gets a checkpoint with the original's step and learning rate, so
    that `ecm_tf.train --train_dir` can continue training.

    Args:
        prefix: of the checkpoint's files.
        output: a new or empty directory; becomes the model directory.
        post_vocab, response_vocab: the original's vocabulary files; without them each word is the
            decimal number of its id.
        ememory: a file of emotion words to use instead of those in the checkpoint.
        buckets: those that the original was run with.

    Returns:
        The model.

    Raises:
        InputError: the checkpoint is not one of the original (missing and unknown variables are
            named), a file does not fit it, or the output is not empty.
    """
    from ecm_tf.model import ECM
    from ecm_tf.model.directory import save_model
    from ecm_tf.original.checkpoint import OriginalCheckpoint
    from ecm_tf.original.weights import assign_weights

    check_output(output)
    checkpoint = OriginalCheckpoint(prefix)
    model = ECM(checkpoint.config(buckets))
    assign_weights(model, checkpoint)
    assets = _text_assets(model, post_vocab, response_vocab, ememory)
    if model.config.use_ememory:
        model.set_emotion_words(assets.external_memory_mask)
    with finished_directory(output) as directory:
        save_model(
            directory,
            model,
            assets,
            settings=_run_settings(model.config),
            counts={"step": checkpoint.step},
            sources={Path(prefix).name: "original checkpoint"},
        )
        _save_training_state(directory, model, checkpoint)
    return model


def _text_assets(
    model: "ECM", post_vocab: Path | None, response_vocab: Path | None, ememory: Path | None
) -> "TextAssets":
    """Returns vocabularies, emotions and emotion words; the latter from the model by default."""
    from ecm_tf.text.assets import TextAssets

    config = model.config
    response_words = _vocabulary(response_vocab, config.response_vocabulary_size)
    emotions = _emotions(config.categories)
    emotion_words: list[list[str]] = [[] for _ in emotions]
    if ememory is not None:
        emotion_words = read_emotion_words(ememory, emotions)
    elif config.use_ememory:
        mask = model.vocabulary_output.emotion_words.numpy()
        emotion_words = [[response_words[id_] for id_ in row.nonzero()[0]] for row in mask]
    return TextAssets(
        post_words=_vocabulary(post_vocab, config.post_vocabulary_size),
        response_words=response_words,
        emotions=emotions,
        external_memory=emotion_words,
        # Where words are ids, their digits must not be replaced.
        normalize_digits=post_vocab is not None,
        tokenizer_model=None,
    )


def _vocabulary(path: Path | None, size: int) -> list[str]:
    if path is None:
        return [*SPECIALS, *map(str, range(len(SPECIALS), size))]
    words = load_vocabulary(path)
    if len(words) < size:
        raise InputError(
            f"{path}: expected at least the {size} words that the checkpoint has, got {len(words)}."
        )
    # The original also ignores what exceeds the vocabulary size.
    return words[:size]


def _emotions(count: int) -> Emotions:
    if count == len(DEFAULT):
        return DEFAULT
    return Emotions([Emotion(f"category_{id_}", f"类别{id_}") for id_ in range(count)])


def _run_settings(config: ModelConfig) -> dict[str, object]:
    """Returns what is known of the original's run, as `run.json` and the manifest store it."""
    training = {"optimizer": "sgd", "mixed_precision": "float32"}
    return {"model": config.to_dict(), "training": training}


def _save_training_state(directory: Path, model: "ECM", checkpoint: "OriginalCheckpoint") -> None:
    """Saves `run.json` and a checkpoint to continue training from."""
    import keras

    from ecm_tf.training.checkpoints import Checkpoints
    from ecm_tf.training.history import HistoryRow
    from ecm_tf.training.run_settings import RUN

    rate = checkpoint.learning_rate
    rate = TrainingConfig.learning_rate if rate is None else rate
    model.compile(optimizer=keras.optimizers.SGD(rate))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(checkpoint.step)
    # The checkpoint does not record perplexities. With infinity, the next evaluation is better.
    row = HistoryRow(
        step=checkpoint.step,
        epoch=0.0,
        learning_rate=rate,
        train_loss=math.nan,
        dev_perplexity=math.inf,
        dev_sentence_perplexity=math.inf,
        seconds=0.0,
    )
    Checkpoints(directory).save(model, [row])
    text = json.dumps(_run_settings(model.config), indent=2) + "\n"
    write_atomically(directory / RUN, text)
