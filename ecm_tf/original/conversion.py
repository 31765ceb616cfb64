"""Import a checkpoint of the original program: `python -m ecm_tf.original PREFIX --output MODEL`.

The original (Python 2.7, TensorFlow 0.12) saved V2 checkpoints. Sizes, layers and modules are read
off the variables; `docs/fidelity.md` says how the two programs compare.
"""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecm_tf.config import ORIGINAL_BUCKETS, Buckets, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotion_words import read_ememory
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions
from ecm_tf.text.vocabulary import SPECIALS, load_vocabulary

if TYPE_CHECKING:
    from ecm_tf.model import ECM


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

    It runs over padding as the original does, and takes text that is split by spaces. With the
    original's step and learning rate as a checkpoint in it, `ecm_tf.train --train_dir` can go on.

    Args:
        prefix: of the checkpoint's files.
        output: new or empty; becomes the model directory.
        post_vocab, response_vocab: the original's vocabulary files; without them a word is its id.
        ememory: a file of emotion words to use instead of those in the checkpoint.
        buckets: what the original was run with.

    Returns:
        The model.

    Raises:
        InputError: not an original checkpoint (missing and unknown variables are named), a file
            that does not fit it, or an output that is not empty.
    """
    from ecm_tf.model import ECM
    from ecm_tf.model.directory import save_model
    from ecm_tf.original.weights import OriginalCheckpoint
    from ecm_tf.text.assets import TextAssets

    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output}: expected an empty or new directory.")
    original = OriginalCheckpoint(prefix)
    config = original.config(buckets)
    response_words = _words(response_vocab, config.response_vocabulary_size)
    model = ECM(config)
    original.assign(model)
    mask = model.vocabulary_output.emotion_words.numpy() if config.use_ememory else []
    words = [[response_words[id_] for id_ in row.nonzero()[0]] for row in mask]
    emotions = _categories(config.categories)
    if ememory is not None:
        words = read_ememory(ememory, emotions)
    assets = TextAssets(
        post_words=_words(post_vocab, config.post_vocabulary_size),
        response_words=response_words,
        emotions=emotions,
        external_memory=words or [[] for _ in range(config.categories)],
        # A word that is its id must keep its digits.
        normalize_digits=post_vocab is not None,
        tokenizer_model=None,
    )
    if config.use_ememory:
        model.set_emotion_words(assets.external_memory_mask)
    run = {"model": config.to_dict(), "training": {"optimizer": "sgd"}}
    save_model(
        output,
        model,
        assets,
        settings=run,
        counts={"step": original.step},
        sources={Path(prefix).name: "original checkpoint"},
    )
    _save_progress(output, model, run, original.step, original.learning_rate)
    return model


def _save_progress(
    output: Path, model: "ECM", run: dict[str, Any], step: int, learning_rate: float | None
) -> None:
    """A checkpoint of the original's step and learning rate, to train on from."""
    import keras

    from ecm_tf.training.checkpoints import Checkpoints
    from ecm_tf.training.history import Milestone
    from ecm_tf.training.run import RUN

    rate = TrainingConfig.learning_rate if learning_rate is None else learning_rate
    model.compile(optimizer=keras.optimizers.SGD(rate))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(step)
    # What the original measured is not in its checkpoint: whatever comes next is better.
    unknown = Milestone(step, 0.0, rate, math.nan, math.inf, math.inf, 0.0)
    Checkpoints(output).save(model, [unknown])
    (output / RUN).write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _words(path: Path | None, size: int) -> list[str]:
    if path is None:
        return [*SPECIALS, *map(str, range(len(SPECIALS), size))]
    words = load_vocabulary(path)
    if len(words) < size:
        raise InputError(f"{path}: expected at least {size} words, as many as the checkpoint has.")
    # The original cuts its vocabulary files at the size it is run with.
    return words[:size]


def _categories(count: int) -> Emotions:
    if count == len(DEFAULT):
        return DEFAULT
    return Emotions([Emotion(f"category_{id_}", f"类别{id_}") for id_ in range(count)])
