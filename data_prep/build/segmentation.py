"""jieba proposes words; their counts become the unigram model of the in-graph tokenizer.

This module runs in worker processes, which must start fast: it imports no TensorFlow.
"""

import heapq
import logging
import math
import multiprocessing
import re
import signal
import string
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

import jieba
from sentencepiece import sentencepiece_model_pb2

from data_prep.build import counting
from ecm_tf.text.spacing import ASCII_WORD, remove_meaningless_spaces

# jieba announces on stderr that it reads its dictionary.
jieba.setLogLevel(logging.WARNING)

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


def segment(text: str, *, new_words: bool = True) -> list[str]:
    """Splits a normalised text as jieba does, leaving out spaces.

    Args:
        text: raw or pre-split, with single spaces.
        new_words: whether jieba's hidden Markov model may find words that its dictionary lacks.
    """
    text = remove_meaningless_spaces(text)
    return [word for word in jieba.cut(text, HMM=new_words) if word != " "]


def count_words(texts: Iterable[bytes]) -> Counter[str]:
    """Counts the words of normalised UTF-8 texts."""
    words: Counter[str] = Counter()
    for text in texts:
        words.update(segment(text.decode()))
    return words


def count_corpus(
    chunks: Iterable[Sequence[bytes]], *, workers: int
) -> tuple[Counter[str], set[str]]:
    """Counts words in worker processes.

    Args:
        chunks: normalised UTF-8 texts, some thousand a chunk; taken as workers get free.
        workers: number of processes; the result does not depend on it.

    Returns:
        The words with their counts, and every character that occurs (even if its word was
        forgotten, see `counting.add`).
    """
    total: Counter[str] = Counter()
    characters: set[str] = set()
    for counts in _in_processes(count_words, chunks, workers):
        characters.update("".join(counts))
        counting.add(total, counts)
    return total, characters


def _in_processes(
    function: Callable[[Chunk], Result], chunks: Iterable[Chunk], workers: int
) -> Iterator[Result]:
    """Results in the order of `chunks`, of which only a few are in memory at a time."""
    # "spawn", because a forked copy of a process with TensorFlow's threads may deadlock.
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[Result]] = deque()
    # Ctrl-C is the parent's to handle; workers would only print tracebacks.
    with ProcessPoolExecutor(
        workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    ) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(function, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def choose_pieces(counts: Mapping[str, int], characters: set[str], size: int) -> dict[str, int]:
    """The words that the tokenizer may know: the `size` most frequent, and single characters.

    Runs of ASCII letters and digits need no piece: the tokenizer keeps them together anyway.
    """
    words = (item for item in counts.items() if not re.fullmatch(ASCII_WORD, item[0]))
    pieces = dict(heapq.nsmallest(size, words, key=lambda item: (-item[1], item[0])))
    return pieces | {c: counts[c] for c in sorted(characters) if c in counts}


def unigram_model(counts: Mapping[str, int], characters: Iterable[str]) -> bytes:
    """A serialized SentencePiece `UNIGRAM` model.

    A word's score is the logarithm of its share. Every character that may occur gets a piece,
    printable ASCII always, because the tokenizer would join neighbouring unknown characters. A
    character that is no word of its own scores below every word.

    Args:
        counts: words and how often they occur.
        characters: every character of the corpus.
    """
    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, -1, -1, -1
    normalizer.name, normalizer.precompiled_charsmap = "identity", b""
    normalizer.add_dummy_prefix = False
    normalizer.remove_extra_whitespaces = False
    normalizer.escape_whitespaces = False
    model.pieces.add(piece="<unk>", type=model.SentencePiece.UNKNOWN)
    log_total = math.log(max(1, sum(counts.values())))
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        model.pieces.add(piece=word, score=math.log(count) - log_total)
    for character in sorted({*characters, *_PRINTABLE} - counts.keys()):
        model.pieces.add(piece=character, score=-log_total - 1)
    return model.SerializeToString(deterministic=True)


_PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
