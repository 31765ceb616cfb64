"""Word segmentation with jieba's built-in dictionary, without its cache file."""

import functools
from collections.abc import Iterator

import jieba


def cut(text: str, *, new_words: bool = True) -> Iterator[str]:
    """Splits a text into words with jieba.

    Args:
        text: the text.
        new_words: whether to use jieba's hidden Markov model, which finds words outside its
            dictionary.
    """
    return _tokenizer().cut(text, HMM=new_words)


@functools.cache
def _tokenizer() -> jieba.Tokenizer:
    """Returns a tokenizer of the dictionary that comes with jieba.

    jieba itself would read `jieba.cache` in the temporary directory, a file that anybody may have
    written there, with any dictionary. Reading it is no faster than reading the dictionary.
    """
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
