"""Segmentation with jieba, and the tokenizer made from its words."""

import marshal
import multiprocessing
import os
import subprocess
import sys
from collections import Counter

import psutil
import pytest
import tensorflow as tf

from data_prep.build.agreement import compare_with_jieba
from data_prep.build.segmentation import (
    choose_pieces,
    count_corpus,
    count_words,
    limit_pieces,
    segment,
    unigram_model,
)
from ecm_tf.core.errors import InputError
from ecm_tf.text.tokenizers import UnigramTokenizer

TEXTS = ["今天天气真好。", "我爱北京天安门", "iphone手机真的好贵", "I love U 。 好"]


def tokens_of(model: bytes, texts: list[str]) -> list[list[str]]:
    rows = UnigramTokenizer(model).tokenize(tf.constant(texts)).to_list()
    return [[token.decode() for token in row] for row in rows]


def test_joined_emoji_are_one_token():
    family = "👨\u200d👩\u200d👧"
    text = f"我爱{family}😀{family}"
    assert segment(text) == ["我", "爱", family, "😀", family]
    counts = count_words([text.encode()])
    assert tokens_of(unigram_model(counts, set(text)), [text]) == [segment(text)]


def test_workers_do_not_import_tensorflow():
    code = "import sys, data_prep.build.segmentation; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_segment_drops_spaces():
    assert segment("今天 天 气 真好") == segment("今天天气真好") == ["今天天气", "真", "好"]
    assert segment("hello world 今天") == ["hello", "world", "今天"]
    assert segment("") == []


def test_count_words():
    assert count_words([b"", "好 。 好".encode(), "今天好".encode()]) == {
        "好": 3,
        "。": 1,
        "今天": 1,
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_count_corpus_in_processes(workers):
    chunks = [[text.encode()] * 2 for text in TEXTS] * 3
    counts, characters = count_corpus(iter(chunks), workers=workers)
    words = Counter(word for text in TEXTS for word in segment(text) * 6)
    assert counts == words
    assert list(counts) == list(words), "the order is the same too"
    assert characters == set("".join(TEXTS)) - {" "}


def test_choose_pieces():
    counts = {"今天": 5, "天气": 5, "hello": 9, "0.0": 2, "好": 1, "a": 3}
    pieces = choose_pieces(counts, {"好", "天", "a"}, 2)
    assert pieces == {"今天": 5, "天气": 5, "好": 1, "a": 3}


def test_tokenizer_finds_the_most_probable_segmentation():
    model = unigram_model({"今天": 5, "天气": 5, "今": 1, "天": 3}, "今天气好，")
    assert tokens_of(model, ["今天天气好，好"]) == [["今天", "天气", "好", "，", "好"]]


def test_a_limited_tokenizer_keeps_frequent_words_and_all_characters():
    model = unigram_model({"今天": 5, "天气": 4, "很好": 3, "好": 1}, "今天气很好，")
    text = "今天很好，天气好"
    assert tokens_of(model, [text]) == [["今天", "很好", "，", "天气", "好"]]
    limited = limit_pieces(model, 2)
    assert tokens_of(limited, [text]) == [["今天", "很", "好", "，", "天气", "好"]]
    assert len(limited) < len(model)
    assert limit_pieces(model, 9) == model


def test_every_printable_ascii_character_is_a_token():
    ascii_text = "".join(map(chr, range(33, 127)))
    (tokens,) = tokens_of(unigram_model({"好": 1}, ""), [ascii_text])
    assert "".join(tokens) == ascii_text
    assert all(len(token) == 1 or token.isalnum() for token in tokens)


def test_special_characters_of_sentencepiece():
    characters = "\u2581\ufffd\u00a4<>😀"
    (tokens,) = tokens_of(unigram_model({"好": 1}, characters), [characters + "好"])
    assert tokens == [*characters, "好"]


def test_unigram_model_is_deterministic():
    a = unigram_model({"今天": 2, "好": 2}, "天今好")
    assert a == unigram_model({"好": 2, "今天": 2}, ["好", "今", "天"])


def test_tokenizer_agrees_with_its_words():
    counts = Counter(word for text in TEXTS for word in segment(text))
    model = unigram_model(counts, "".join(TEXTS))
    result = compare_with_jieba(TEXTS, tokens_of(model, TEXTS))
    assert result["texts"] == 4
    assert result["hmm_on"] == {"identical": 1.0, "boundary_f1": 1.0}


def test_boundary_f1():
    # jieba: 我|爱|北京|天安门, boundaries 1 2 4. Ours: 2 4 6.
    result = compare_with_jieba(["我爱北京天安门", "好"], [["我爱", "北京", "天安", "门"], ["好"]])
    for mode in ("hmm_off", "hmm_on"):
        assert result[mode] == {"identical": 0.5, "boundary_f1": round(2 * 2 / 6, 6)}


def test_a_killed_worker_is_reported():
    def chunks():
        for _ in range(1000):
            for worker in multiprocessing.active_children():
                worker.kill()
            yield [text.encode() for text in TEXTS]

    with pytest.raises(InputError, match="--workers: one of 2 worker processes was killed"):
        count_corpus(chunks(), workers=2)
    assert not multiprocessing.active_children()


def test_an_interruption_ends_the_workers():
    def chunks():
        for number in range(1000):
            if number == 5:
                raise KeyboardInterrupt
            yield [text.encode() for text in TEXTS]

    with pytest.raises(KeyboardInterrupt):
        count_corpus(chunks(), workers=2)
    assert not multiprocessing.active_children()


PARENT = """
import sys, time, multiprocessing
from data_prep.build.segmentation import count_corpus
def chunks():
    for number in range(4):
        yield ["好".encode()]
    while not all(worker.is_alive() for worker in multiprocessing.active_children()):
        time.sleep(0.1)
    print(*(worker.pid for worker in multiprocessing.active_children()), flush=True)
    time.sleep(60)
if __name__ == "__main__":
    count_corpus(chunks(), workers=2)
"""


def test_workers_of_a_killed_process_end(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, text=True
    ) as parent:
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert workers
        parent.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []


def test_a_cache_file_of_jieba_is_not_read(tmp_path):
    (tmp_path / "jieba.cache").write_bytes(marshal.dumps(({"今": 1}, 1)))
    code = (
        "import jieba; from data_prep.build.segmentation import segment\n"
        "assert segment('今天天气真好') == ['今天天气', '真', '好']\n"
        "assert jieba.lcut('今天天气真好') != segment('今天天气真好'), 'jieba reads the cache'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
