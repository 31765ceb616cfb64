"""Segments texts with jieba; the word counts become the in-graph tokenizer's unigram model.

Worker processes import this module. It does not import TensorFlow, so that they start quickly.
"""

import heapq
import math
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import string
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from sentencepiece import sentencepiece_model_pb2

from data_prep.build.counting import add_counts
from ecm_tf.core.errors import InputError
from ecm_tf.text.characters import FLAG, JOINED_EMOJI
from ecm_tf.text.jieba_words import cut
from ecm_tf.text.spacing import ASCII_WORD, remove_meaningless_spaces


def segment(text: str, *, new_words: bool = True) -> list[str]:
    """Segments a normalized text with jieba and drops spaces.

    Args:
        text: raw text, or text split by single spaces.
        new_words: whether to use jieba's hidden Markov model, which finds words outside its
            dictionary.
    """
    words: list[str] = []
    for position, part in enumerate(_WHOLE_EMOJI.split(remove_meaningless_spaces(text))):
        # `split` returns what the group matches at odd positions.
        words += [part] if position % 2 else cut(part, new_words=new_words)
    return [word for word in words if word != " "]


# jieba would split them into characters.
_WHOLE_EMOJI = re.compile(f"({FLAG}|{JOINED_EMOJI})")


def count_words(texts: Iterable[bytes]) -> Counter[str]:
    """Counts the words of normalized UTF-8 texts."""
    words: Counter[str] = Counter()
    for text in texts:
        words.update(segment(text.decode()))
    return words


class WordCounter:
    """Counts the words of texts, in worker processes if there are several; a context manager.

    Args:
        workers: number of processes, of which 1 is this one; the counts do not depend on it. With
            one worker, the counter can be sent to another process.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        if workers > 1:
            # "spawn", because a fork of a process with TensorFlow's threads may deadlock.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, context, initializer=_start_worker)

    def count(self, chunks: Iterable[Sequence[bytes]]) -> tuple[Counter[str], set[str]]:
        """Counts words.

        Args:
            chunks: normalized UTF-8 texts, some thousand per chunk; read lazily.

        Returns:
            The words with their counts, and every character that occurs (even if its word was
            removed, see `counting.add_counts`).
        """
        total: Counter[str] = Counter()
        characters: set[str] = set()
        for counts in self._map(chunks):
            characters.update("".join(counts))
            add_counts(total, counts)
        return total, characters

    def _map(self, chunks: Iterable[Sequence[bytes]]) -> Iterator[Counter[str]]:
        """Yields the counts of each chunk in order; only a few chunks are in memory at a time."""
        if self._pool is None:
            yield from map(count_words, chunks)
            return
        pending: deque[Future[Counter[str]]] = deque()
        try:
            for chunk in chunks:
                pending.append(self._pool.submit(count_words, chunk))
                if len(pending) > 2 * self._workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise InputError(
                f"--workers: one of {self._workers} worker processes was killed, perhaps because "
                "the memory was exhausted; run the command again with fewer workers."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            # After an error, the chunks that have not been started are not needed.
            self._pool.shutdown(cancel_futures=True)


def count_corpus(
    chunks: Iterable[Sequence[bytes]], *, workers: int
) -> tuple[Counter[str], set[str]]:
    """Counts the words of a corpus; see `WordCounter`."""
    with WordCounter(workers) as counter:
        return counter.count(chunks)


def _start_worker() -> None:
    """Leaves the end of a worker process to its parent, and ends it if the parent is killed."""
    # The parent handles Ctrl-C and SIGTERM, which may be sent to the workers as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def choose_pieces(counts: Mapping[str, int], characters: set[str], size: int) -> dict[str, int]:
    """Returns the words of the tokenizer: the `size` most frequent words, and single characters.

    Runs of ASCII letters and digits need no piece, because the tokenizer never splits them.
    """
    words = (item for item in counts.items() if not re.fullmatch(ASCII_WORD, item[0]))
    pieces = dict(heapq.nsmallest(size, words, key=lambda item: (-item[1], item[0])))
    return pieces | {c: counts[c] for c in sorted(characters) if c in counts}


def limit_pieces(model: bytes, size: int) -> bytes:
    """Returns a unigram model with its `size` most frequent words, and its single characters.

    Args:
        model: a serialized model of `unigram_model`.
        size: maximum number of words.
    """
    proto = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    proto.ParseFromString(model)
    unknown, *words = proto.pieces
    kept = [*words[:size], *(word for word in words[size:] if len(word.piece) == 1)]
    del proto.pieces[:]
    proto.pieces.extend([unknown, *kept])
    return proto.SerializeToString(deterministic=True)


def unigram_model(counts: Mapping[str, int], characters: Iterable[str]) -> bytes:
    """Returns a serialized SentencePiece `UNIGRAM` model.

    The score of a word is its log-probability, `log(count / total)`. Every character of the corpus
    and of printable ASCII gets a piece, because the tokenizer merges adjacent unknown characters. A
    character that is not a word itself has a lower score than every word.

    Args:
        counts: number of occurrences of each word.
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
