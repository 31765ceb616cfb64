"""The tokenizer of raw English text as graph operations.

Tokens are lower-case words, punctuation marks, and the parts of contractions as in the Penn
Treebank (`do n't`, `it 's`). The text of tokens has the usual spaces, and capital letters at the
beginning of sentences and in "I"; capitals inside a sentence, such as those of names, are lost.
"""

import tensorflow as tf

from ecm_tf.text.characters import CONTRACTED, FLAG, JOINED_EMOJI

_QUOTES = [("[‘’‚‛`´ʼ]", "'"), ("[“”„‟«»]|''", '"'), ("…", "...")]
"""Typographic characters and their ASCII counterparts."""

_MARK = "|".join(
    [
        FLAG,
        JOINED_EMOJI,
        r"[\p{L}\p{M}\p{N}_]+(?:-[\p{L}\p{M}\p{N}_]+)+",  # well-known
        r"\p{N}+(?:[.,:/]\p{N}+)+",  # 3.5, 10,000, 10:30
        r"\b(?:mr|mrs|ms|dr|st|vs|etc)\.",
        r"\b[a-z](?:\.[a-z])+\b\.?",  # p.m.
        r"\.{2,}",
        r"[^\p{L}\p{M}\p{N}\s'_]",
    ]
)
"""Regular expression of what stands alone, the longest first."""

SPLIT = [
    *_QUOTES,
    (f"({_MARK})", r" \1 "),
    # A quotation mark, not an apostrophe: not between two letters.
    (r"(^|[^\p{L}\p{N}])'", r"\1 ' "),
    (r"'($|[^\p{L}\p{N}])", r" ' \1"),
    # Also undoes the split of a contraction that stands alone, in text that is already tokenized.
    (rf" *' *({CONTRACTED})($|[^\p{{L}}\p{{N}}'])", r" '\1\2"),
    (r"([a-z])n't($|[^\p{L}\p{N}])", r"\1 n't\2"),
]
"""Regular expressions and their replacements, which put spaces between tokens."""
JOIN = [
    (rf" (n't|'(?:{CONTRACTED}))($|[^\p{{L}}\p{{N}}'])", r"\1\2"),
    (r" ([.,!?;:%)\]}]|\.{2,})", r"\1"),
    (r"([(\[{$#]) ", r"\1"),
    (r'" ([^"]*) "', r'"\1"'),
    (r"(^| )' ([^']*) '($|[ .,!?;:])", r"\1'\2'\3"),
    (r"(^|[^\p{L}\p{N}.'-])i($|[^\p{L}\p{N}.-])", r"\1I\2"),
]
"""Regular expressions and their replacements, which remove spaces that English text lacks."""


class EnglishTokenizer(tf.Module):
    """Splits raw English text into words and punctuation marks."""

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Splits texts.

        Args:
            texts: string `(batch,)`, normalized; the tokens of a text, joined by spaces, give the
                same tokens.

        Returns:
            string `(batch, None)`, lower-case; an empty text has no tokens.
        """
        texts = tf.strings.lower(texts, encoding="utf-8")
        for pattern, replacement in SPLIT:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        return tf.strings.split(texts)

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins tokens to sentences: string `(batch, None)` → string `(batch,)`."""
        texts = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
        for pattern, replacement in JOIN:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        return _capitalize(texts)


def _capitalize(texts: tf.Tensor) -> tf.Tensor:
    """Capitalizes the first ASCII letter of each sentence: string `(batch,)`, the same shape."""
    codes = tf.strings.unicode_decode(texts, "UTF-8")
    flat = codes.values
    positions = tf.range(tf.size(flat))
    starts = tf.cast(codes.row_starts(), tf.int32)
    row_start = tf.repeat(starts, codes.row_lengths())

    def before(distance: int) -> tf.Tensor:
        """Returns the character before each one; a full stop before the text's beginning."""
        earlier = tf.gather(flat, tf.maximum(positions - distance, 0))
        return tf.where(positions - distance < row_start, ord("."), earlier)

    def is_one_of(values: tf.Tensor, characters: str) -> tf.Tensor:
        return tf.reduce_any(values[:, tf.newaxis] == [ord(c) for c in characters], axis=1)

    first = positions == row_start
    after_sentence = is_one_of(before(1), " ") & is_one_of(before(2), ".!?")
    opens = is_one_of(before(1), "\"'(") & (
        (positions == row_start + 1) | is_one_of(before(2), " ") & is_one_of(before(3), ".!?")
    )
    is_lower = (flat >= ord("a")) & (flat <= ord("z"))
    capital = is_lower & (first | after_sentence | opens)
    offset = ord("a") - ord("A")
    return tf.strings.unicode_encode(
        codes.with_values(tf.where(capital, flat - offset, flat)), "UTF-8"
    )
