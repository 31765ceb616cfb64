"""Text processing with the operations of TensorFlow Lite.

TensorFlow Lite has no regular expressions, so what `ecm_tf.text` does with them is compiled into a
SentencePiece model: its character map normalises the text, its pieces include the words that would
otherwise be joined from letters and digits, and a space between words becomes a piece. Two custom
operations run it: `FastSentencepieceTokenizer` for posts, and its detokenizer for replies. The rest
is integer arithmetic.
"""

import string
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from sentencepiece import (
    SentencePieceNormalizer,
    SentencePieceProcessor,
    sentencepiece_model_pb2,
)

from ecm_tf.core.errors import InputError
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.characters import (
    EMOJI_MODIFIERS,
    EMOJI_RANGES,
    JOINER,
    WIDTH_OFFSET,
)
from ecm_tf.text.spacing import ASCII_WORD_CHARACTERS
from ecm_tf.text.vocabulary import PAD, SPECIALS, UNK

_BOUNDARY = "▁"
"""Piece that stands for a space between two words."""
_REGIONAL_FLAGS = [
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
]
_STAND_INS = {ord(JOINER): 0xE000} | {0xE0000 + code: 0xE000 + code for code in range(0x20, 0x80)}
"""Private-use characters for the format characters in emoji: a rule may not keep its text.

Private-use characters of a post do not reach the tokenizer.
"""
_WHOLE_WORD_BONUS = 0.01
"""Score per pair of characters, in nats: too small to change how the surrounding text is split."""


def check_text_settings(assets: TextAssets) -> None:
    """Checks that TensorFlow Lite can process the text of a model.

    Raises:
        InputError: it cannot, because it has no NFKC and no regular expressions.
    """
    if assets.normalization == "nfkc":
        raise InputError(
            "text settings: expected the normalization width or none for text.tflite, because "
            "TensorFlow Lite has no NFKC; got nfkc. `--files ids` leaves text.tflite out."
        )
    if assets.segmenter == "english":
        raise InputError(
            "text settings: expected the segmenter jieba or whitespace for text.tflite, "
            "because TensorFlow Lite has no regular expressions; got english. `--files ids` "
            "leaves text.tflite out."
        )


class CompactText(tf.Module):
    """`TextProcessor` for TensorFlow Lite: the same ids and texts, with these exceptions.

    - Of two equally likely segmentations it may choose the other one.
    - NUL is an unknown word instead of a space.
    - Private-use characters between two ASCII words do not separate them; those outside the Basic
      Multilingual Plane are unknown words.
    - Posts are not cut to their first thousand characters.
    - A zero-width joiner after an emoji stays even if no emoji follows. Of the flags of regions,
      only those of England, Scotland and Wales stay.
    - Between two ASCII words, a format character followed by another one and a space, or by a space
      other than " ", does not separate them.
    - A word that contains "▁" is unknown in posts, and has a space instead in replies.

    Args:
        assets: vocabularies and tokenizer.
        min_length: minimum width of a matrix of post ids.
        max_length: maximum width of a matrix of post ids.

    Raises:
        InputError: TensorFlow Lite cannot process the text; see `check_text_settings`.
    """

    def __init__(self, assets: TextAssets, min_length: int, max_length: int) -> None:
        super().__init__()
        self._min_length, self._max_length = min_length, max_length
        check_text_settings(assets)
        # Without a tokenizer, the text is already split by spaces.
        raw = assets.segmenter == "jieba"
        model = _post_model(assets) if raw else _split_post_model(assets)
        normalizer = _normalizer(assets, all_spaces=not raw)
        ids = {word: id_ for id_, word in enumerate(assets.post_words) if id_ >= len(SPECIALS)}
        pieces = [piece.piece for piece in model.pieces]
        for piece in model.pieces:
            piece.piece = piece.piece.translate(_STAND_INS)
        self._boundary = pieces.index(_BOUNDARY)
        self._post_ids = np.array([ids.get(piece, UNK) for piece in pieces], np.int32)
        self._post_ids[self._boundary] = PAD
        self._joins = np.array(
            [ASCII_WORD_CHARACTERS.issuperset(piece) if raw else True for piece in pieces]
        )
        self._joins[self._boundary] = False
        self._tokenizer = _compile(model, normalizer)

        words = assets.response_words
        self._space = len(words)
        self._detokenizer = _compile(_reply_model([*words, " "]), normalizer)
        is_spaced: Callable[[str], bool] = ASCII_WORD_CHARACTERS.__contains__ if raw else bool
        is_word = np.arange(len(words)) >= len(SPECIALS)
        self._spaced_before = is_word & [is_spaced(word[:1]) for word in words]
        self._spaced_after = is_word & [is_spaced(word[-1:]) for word in words]

    def post_ids(self, posts: tf.Tensor) -> tf.Tensor:
        """Returns the token ids of posts, cut and padded as the model requires.

        Args:
            posts: string `(batch,)`.

        Returns:
            Int32 `(batch, length)`.
        """
        tokens = self._tokenizer.tokenize(posts)
        splits = tokens.row_splits
        # A boundary after the last post ensures that every piece has a successor.
        pieces = tf.concat([tokens.flat_values, [self._boundary]], 0)
        position = tf.expand_dims(tf.range(tf.size(pieces)), 1)
        row = tf.reduce_sum(tf.cast(position >= tf.expand_dims(splits[1:], 0), tf.int32), axis=1)
        # Adjacent pieces that join are one token, whose id is known only if it is a single piece.
        joins = tf.gather(self._joins, pieces)
        separate = ~(joins[1:] & joins[:-1] & (row[1:] == row[:-1]))
        is_first, is_last = tf.concat([[True], separate], 0), tf.concat([separate, [True]], 0)
        ids = tf.where(is_first & is_last, tf.gather(self._post_ids, pieces), UNK)
        kept = tf.where(is_first & (ids != PAD))
        ids, row = tf.gather_nd(ids, kept), tf.gather_nd(row, kept)
        return self._padded(ids, row, tf.size(splits) - 1)

    def _padded(self, ids: tf.Tensor, row: tf.Tensor, batch_size: tf.Tensor) -> tf.Tensor:
        """Returns ids int32 `(tokens,)` of ascending rows `(tokens,)` as `(batch_size, width)`."""
        in_row = tf.expand_dims(tf.range(batch_size), 1) == tf.expand_dims(row, 0)
        lengths = tf.reduce_sum(tf.cast(in_row, tf.int32), axis=1)
        first = tf.expand_dims(tf.cumsum(lengths, exclusive=True), 1)
        width = tf.clip_by_value(tf.reduce_max(lengths), self._min_length, self._max_length)
        column = tf.expand_dims(tf.range(width), 0)
        # The position after the last id holds PAD.
        position = tf.where(column < tf.expand_dims(lengths, 1), first + column, tf.size(ids))
        return tf.gather(tf.concat([ids, [PAD]], 0), position)

    def reply_text(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns replies as text.

        Args:
            ids: word ids, int32 `(batch, length)`, with PAD after the words.

        Returns:
            String `(batch,)`.
        """
        next_ids = tf.concat([ids[:, 1:], tf.fill([tf.shape(ids)[0], 1], PAD)], 1)
        is_spaced = tf.gather(self._spaced_after, ids) & tf.gather(self._spaced_before, next_ids)
        # Every word is followed by a space or by PAD, which the detokenizer leaves out.
        pieces = tf.stack([ids, tf.where(is_spaced, self._space, PAD)], axis=-1)
        batch_size, length = tf.shape(ids)[0], tf.shape(ids)[1]
        ragged_pieces = tf.RaggedTensor.from_row_splits(
            tf.reshape(pieces, [-1]), tf.range(batch_size + 1) * 2 * length, validate=False
        )
        # The custom operation reports the shape (1,). Gathering all rows restores the batch size.
        return tf.gather(self._detokenizer.detokenize(ragged_pieces), tf.range(batch_size))


def _normalizer(assets: TextAssets, *, all_spaces: bool) -> bytes:
    """Returns a serialized `NormalizerSpec` that does what `ecm_tf.text` does to characters.

    Args:
        assets: the text settings.
        all_spaces: True if every space separates words, False if only those after ASCII words do.
    """
    # NUL ends strings in the format of the map, so it cannot be in it.
    characters = [chr(code) for code in range(1, sys.maxunicode + 1)]
    spaces = [c for c in characters if unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc")]
    formats = [c for c in characters if unicodedata.category(c) == "Cf"]
    if assets.normalization is None:
        spaces, formats = spaces + formats, []
    private = [chr(code) for code in range(0xE000, 0xF900)]
    digits = assets.normalize_digits
    normalized = {
        c: "0" if digits and c in string.digits else c for c in sorted(ASCII_WORD_CHARACTERS)
    }
    if assets.normalization == "width":
        normalized |= {chr(ord(c) + WIDTH_OFFSET): to for c, to in normalized.items()}
    rules = {c: to for c, to in normalized.items() if c != to}
    rules |= dict.fromkeys(spaces + private, _BOUNDARY if all_spaces else "")
    rules |= dict.fromkeys(formats, "")
    if formats:
        # Longer rules win, so these characters stay where they join emoji.
        kept = [emoji + JOINER for emoji in (*map(chr, _codes(EMOJI_RANGES)), *EMOJI_MODIFIERS)]
        rules |= {text: text.translate(_STAND_INS) for text in (*kept, *_REGIONAL_FLAGS)}
    if not all_spaces:
        for character, to in normalized.items():
            rules |= {f"{character}{c} ": to + _BOUNDARY for c in formats}
        rules |= {c + space: to + _BOUNDARY for c, to in normalized.items() for space in spaces}
    rules[_BOUNDARY] = "\N{REPLACEMENT CHARACTER}"
    with suppress_native_stderr():
        return SentencePieceNormalizer(
            norm_map=list(rules.items()),
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            escape_whitespaces=False,
        ).serialized_normalizer_spec()


def _codes(ranges: Sequence[tuple[int, int]]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def _post_model(assets: TextAssets) -> Any:
    """Returns the tokenizer's `ModelProto`, with pieces for all words of letters and digits."""
    with suppress_native_stderr():
        tokenizer = SentencePieceProcessor(model_proto=assets.tokenizer_model)
    proto = sentencepiece_model_pb2.ModelProto  # type: ignore[attr-defined]
    model = proto.FromString(assets.tokenizer_model)
    known = {piece.piece for piece in model.pieces}
    for word in assets.post_words[len(SPECIALS) :]:
        if word not in known and ASCII_WORD_CHARACTERS.issuperset(word):
            # The same likelihood as its parts, so the surrounding text is split as before.
            log_prob = sum(map(tokenizer.get_score, tokenizer.encode(word)))
            model.pieces.add(piece=word, score=log_prob + _whole_word_bonus(word))
    return _with_boundary(model)


def _split_post_model(assets: TextAssets) -> Any:
    """Returns a `ModelProto` for text split by spaces: the post words, never their parts."""
    model = _empty_model()
    model.pieces.add(piece="<unk>", type=model.SentencePiece.UNKNOWN)
    for word in assets.post_words[len(SPECIALS) :]:
        model.pieces.add(piece=word, score=_whole_word_bonus(word))
    return _with_boundary(model)


def _whole_word_bonus(word: str) -> float:
    # Quadratic, so that a word gets more than its parts together.
    return _WHOLE_WORD_BONUS * len(word) * (len(word) - 1)


def _with_boundary(model: Any) -> Any:
    if all(piece.piece != _BOUNDARY for piece in model.pieces):
        model.pieces.add(piece=_BOUNDARY, score=0.0)
    return model


def _reply_model(words: Sequence[str]) -> Any:
    """Returns a `ModelProto` whose piece ids are word ids; specials produce no text."""
    model = _empty_model()
    types = model.SentencePiece
    for id_, word in enumerate(words):
        model.pieces.add(piece=word, type=types.CONTROL if id_ < len(SPECIALS) else types.NORMAL)
    return model


def _empty_model() -> Any:
    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    trainer = model.trainer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, -1, -1, -1
    return model


def _compile(model: Any, normalizer: bytes) -> tf_text.FastSentencepieceTokenizer:
    model.normalizer_spec.ParseFromString(normalizer)
    return tf_text.FastSentencepieceTokenizer(model.SerializeToString(deterministic=True))
