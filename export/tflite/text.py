"""Text processing of what TensorFlow Lite has: two custom operations and integer arithmetic.

It has no regular expressions, so that what `ecm_tf.text` does with them is compiled into the
tokenizer: its character map normalises, its pieces include the words that would have to be joined,
and spaces become a piece of their own. `FastSentencepieceTokenizer` runs there; so does its
detokenizer, which joins reply words and the spaces between them.
"""

import string
import sys
import unicodedata
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from sentencepiece import (
    SentencePieceNormalizer,
    SentencePieceProcessor,
    sentencepiece_model_pb2,
)

from ecm_tf.core.command import suppress_native_stderr
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.vocabulary import PAD, SPECIALS, UNK

_ASCII_WORD = frozenset(string.ascii_letters + string.digits)
_BOUNDARY = "▁"
"""The piece that a space between two words becomes."""
_WHOLE_WORD_BONUS = 0.01
"""Nats for each pair of characters: too few to prefer a word to what stands around it."""


class CompactText(tf.Module):
    """`TextProcessor` for TensorFlow Lite: the same ids, the same texts, with few exceptions.

    Exceptions: of two equally likely segmentations it may choose the other; NUL is an unknown word
    and no space; private characters between two ASCII words do not part them, and those outside
    the Basic Multilingual Plane are unknown words; what stands after the thousandth character is
    not cut off; a word with "▁" in it is read as an unknown word and said with a space.

    Args:
        assets: vocabularies and tokenizer.
        shortest, longest: bounds of the width of a matrix of post ids.
    """

    def __init__(self, assets: TextAssets, shortest: int, longest: int) -> None:
        super().__init__()
        self._shortest, self._longest = shortest, longest
        raw = assets.tokenizer_model is not None
        model = _post_pieces(assets) if raw else _split_post_pieces(assets)
        normalizer = _normalizer(assets.normalize_digits, everywhere=not raw)
        ids = {word: id_ for id_, word in enumerate(assets.post_words) if id_ >= len(SPECIALS)}
        pieces = [piece.piece for piece in model.pieces]
        self._boundary = pieces.index(_BOUNDARY)
        self._post_ids = np.array([ids.get(piece, UNK) for piece in pieces], np.int32)
        self._post_ids[self._boundary] = PAD
        self._joins = np.array([_ASCII_WORD.issuperset(piece) if raw else True for piece in pieces])
        self._joins[self._boundary] = False
        self._tokenizer = _compile(model, normalizer)

        words = assets.response_words
        self._space = len(words)
        self._detokenizer = _compile(_reply_pieces([*words, " "]), normalizer)
        spaced = _ASCII_WORD.__contains__ if raw else bool
        said = np.arange(len(words)) >= len(SPECIALS)
        self._starts = said & [spaced(word[:1]) for word in words]
        self._ends = said & [spaced(word[-1:]) for word in words]

    def post_ids(self, posts: tf.Tensor) -> tf.Tensor:
        """String `(batch,)` → int32 `(batch, length)`, cut and padded as the model wants it."""
        tokens = self._tokenizer.tokenize(posts)
        splits = tokens.row_splits
        # A boundary after the last text: what follows has something to look at, always.
        pieces = tf.concat([tokens.flat_values, [self._boundary]], 0)
        place = tf.expand_dims(tf.range(tf.size(pieces)), 1)
        row = tf.reduce_sum(tf.cast(place >= tf.expand_dims(splits[1:], 0), tf.int32), axis=1)
        # Neighbours that join are one token; its id is known only if it is a piece by itself.
        joins = tf.gather(self._joins, pieces)
        apart = ~(joins[1:] & joins[:-1] & (row[1:] == row[:-1]))
        starts, ends = tf.concat([[True], apart], 0), tf.concat([apart, [True]], 0)
        ids = tf.where(starts & ends, tf.gather(self._post_ids, pieces), UNK)
        kept = tf.where(starts & (ids != PAD))
        ids, row = tf.gather_nd(ids, kept), tf.gather_nd(row, kept)
        return self._padded(ids, row, tf.size(splits) - 1)

    def _padded(self, ids, row, batch):
        """Int32 ids `(tokens,)` of ascending rows `(tokens,)` → `(batch, width)`."""
        of_row = tf.expand_dims(tf.range(batch), 1) == tf.expand_dims(row, 0)
        lengths = tf.reduce_sum(tf.cast(of_row, tf.int32), axis=1)
        first = tf.expand_dims(tf.cumsum(lengths, exclusive=True), 1)
        width = tf.clip_by_value(tf.reduce_max(lengths), self._shortest, self._longest)
        column = tf.expand_dims(tf.range(width), 0)
        place = tf.where(column < tf.expand_dims(lengths, 1), first + column, tf.size(ids))
        return tf.gather(tf.concat([ids, [PAD]], 0), place)

    def reply_text(self, ids: tf.Tensor) -> tf.Tensor:
        """Int32 `(batch, length)`, PAD after the words, → string `(batch,)`."""
        following = tf.concat([ids[:, 1:], tf.fill([tf.shape(ids)[0], 1], PAD)], 1)
        space = tf.gather(self._ends, ids) & tf.gather(self._starts, following)
        spoken = tf.stack([ids, tf.where(space, self._space, PAD)], axis=-1)
        batch, length = tf.shape(ids)[0], tf.shape(ids)[1]
        spoken = tf.RaggedTensor.from_row_splits(
            tf.reshape(spoken, [-1]), tf.range(batch + 1) * 2 * length, validate=False
        )
        # The custom operation says that it returns one text; taking them all mends the shape.
        return tf.gather(self._detokenizer.detokenize(spoken), tf.range(batch))


def _normalizer(digits: bool, *, everywhere: bool) -> bytes:
    """What `ecm_tf.text.normalize` and the tokenizers do to spaces, as a character map.

    Args:
        digits: whether every digit becomes 0.
        everywhere: whether all spaces part words; otherwise those after ASCII words.

    Returns:
        A serialized `NormalizerSpec`.
    """
    # NUL ends strings in the map's format and cannot be in it.
    characters = [chr(code) for code in range(1, sys.maxunicode + 1)]
    spaces = [c for c in characters if unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc", "Cf")]
    private = [chr(code) for code in range(0xE000, 0xF900)]
    shown = {c: "0" if digits and c in string.digits else c for c in sorted(_ASCII_WORD)}
    rules = {c: to for c, to in shown.items() if c != to}
    rules |= dict.fromkeys(spaces + private, _BOUNDARY if everywhere else "")
    if not everywhere:
        rules |= {c + space: to + _BOUNDARY for c, to in shown.items() for space in spaces}
    rules[_BOUNDARY] = "\N{REPLACEMENT CHARACTER}"
    with suppress_native_stderr():
        return SentencePieceNormalizer(
            norm_map=list(rules.items()),
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            escape_whitespaces=False,
        ).serialized_normalizer_spec()


def _post_pieces(assets: TextAssets):
    """The tokenizer's pieces, and the words that it would have to join of letters and digits."""
    with suppress_native_stderr():
        tokenizer = SentencePieceProcessor(model_proto=assets.tokenizer_model)
    model = sentencepiece_model_pb2.ModelProto.FromString(assets.tokenizer_model)
    known = {piece.piece for piece in model.pieces}
    for word in assets.post_words[len(SPECIALS) :]:
        if word not in known and _ASCII_WORD.issuperset(word):
            # As likely as its parts, but whole.
            likelihood = sum(map(tokenizer.get_score, tokenizer.encode(word)))
            model.pieces.add(piece=word, score=likelihood + _whole_word_bonus(word))
    return _with_boundary(model)


def _split_post_pieces(assets: TextAssets):
    """Pieces for text that is split by spaces: the post words, whole wherever they can be."""
    model = _no_pieces()
    model.pieces.add(piece="<unk>", type=model.SentencePiece.UNKNOWN)
    for word in assets.post_words[len(SPECIALS) :]:
        model.pieces.add(piece=word, score=_whole_word_bonus(word))
    return _with_boundary(model)


def _whole_word_bonus(word: str) -> float:
    # More than any parts get together, which have fewer pairs of characters.
    return _WHOLE_WORD_BONUS * len(word) * (len(word) - 1)


def _with_boundary(model):
    if all(piece.piece != _BOUNDARY for piece in model.pieces):
        model.pieces.add(piece=_BOUNDARY, score=0.0)
    return model


def _reply_pieces(words: Sequence[str]):
    """A piece for every word that may be said; its id is the word's, and specials are silent."""
    model = _no_pieces()
    kinds = model.SentencePiece
    for id_, word in enumerate(words):
        model.pieces.add(piece=word, type=kinds.CONTROL if id_ < len(SPECIALS) else kinds.NORMAL)
    return model


def _no_pieces():
    model = sentencepiece_model_pb2.ModelProto()
    trainer = model.trainer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, -1, -1, -1
    return model


def _compile(model, normalizer: bytes) -> tf_text.FastSentencepieceTokenizer:
    model.normalizer_spec.ParseFromString(normalizer)
    return tf_text.FastSentencepieceTokenizer(model.SerializeToString(deterministic=True))
