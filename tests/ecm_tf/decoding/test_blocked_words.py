"""Blocked words, compared with regular expressions on the texts of replies."""

import re
from functools import partial
from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.build.segmentation import unigram_model
from ecm_tf.core.errors import InputError
from ecm_tf.decoding import (
    beam_search,
    block_words,
    block_words_automaton,
    greedy_search,
    sample,
    word_automaton,
)
from ecm_tf.decoding.blocked_words import read_block_words
from ecm_tf.decoding.word_automaton import WordAutomaton
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.spacing import remove_meaningless_spaces
from ecm_tf.text.units import units_of
from ecm_tf.text.vocabulary import EOS, GO, SPECIALS, UNK

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True)
LENGTH, EXAMPLES = 4, 8


def text_of(words, segmenter):
    joined = " ".join(words)
    return remove_meaningless_spaces(joined) if segmenter == "jieba" else joined


def contains(text, blocked, segmenter):
    """Returns whether the text contains a blocked word, which is itself normalized text."""
    word = "[A-Za-z0-9]" if segmenter == "jieba" else r"[^\W\u4e00-\u9fff]"
    for phrase in blocked:
        start = f"(?<!{word})" if re.match(word, phrase) else ""
        end = f"(?!{word})" if re.match(word, phrase[-1]) else ""
        if re.search(start + re.escape(phrase) + end, text, re.IGNORECASE):
            return True
    return False


@st.composite
def cases(draw):
    """Returns a segmenter, vocabulary words and blocked phrases, all of very few characters."""
    segmenter = draw(st.sampled_from(["jieba", "whitespace"]))
    characters = draw(st.sampled_from(["傻子", "傻子aB1!"] if segmenter == "jieba" else ["aBé"]))
    word = st.text(characters, min_size=1, max_size=2)
    words = draw(st.lists(word, min_size=2, max_size=4, unique=True))
    part = st.one_of(word, st.sampled_from(words))
    phrase = st.lists(part, min_size=1, max_size=3).map(partial(text_of, segmenter=segmenter))
    return segmenter, words, draw(st.lists(phrase, min_size=1, max_size=4))


def automaton_of(segmenter, words, blocked):
    return WordAutomaton(
        [
            [unit for part in phrase.split() for unit in units_of(part, segmenter)]
            for phrase in blocked
        ],
        [units_of(word, segmenter) for word in (*SPECIALS, *words)],
    )


def masks_after(automaton, prefixes):
    """Returns what is added to log-probabilities after prefixes of equal length."""
    shape = [len(prefixes), len(automaton.next)]
    step, state = block_words(
        lambda _, state: (tf.zeros(shape), state), [tf.zeros(shape)], automaton
    )
    for words in np.array([(GO, *prefix) for prefix in prefixes], np.int32).T:
        masks, state = step(tf.constant(words), state)
    return masks.numpy()


class Table:
    """Pseudo-random log-probabilities that depend on all words so far."""

    def __init__(self, num_words, seed=0):
        self.logits = np.random.default_rng(seed).normal(0, 2, [97, num_words]).astype("float32")
        # Few ends, so that replies are long.
        self.logits[:, EOS] -= 3
        self.log_probs = tf.nn.log_softmax(self.logits).numpy()

    def step(self, words, state):
        history = (state[0] * 31 + words) % 97
        return tf.gather(self.log_probs, history), [history]

    def replies(self, example):
        """Returns the log-probability and the ids of all replies, finished ones first."""
        finished, unfinished = [], []
        for length in range(LENGTH + 1):
            for ids in product(range(len(SPECIALS), self.logits.shape[1]), repeat=length):
                history, score = (example * 31 + 3) % 97, 0.0
                for id_ in ids:
                    score += float(self.log_probs[history, id_])
                    history = (history * 31 + id_) % 97
                if length == LENGTH:
                    unfinished.append((score, ids))
                else:
                    finished.append((score + float(self.log_probs[history, EOS]), ids))
        return sorted(finished, reverse=True) + sorted(unfinished, reverse=True)


SEARCHES = {
    "greedy": (1, greedy_search),
    "sample": (1, partial(sample, seed=1)),
    "sample of two": (1, partial(sample, seed=2, top_k=2, min_length=3)),
    "beam": (4, partial(beam_search, beams=4)),
    "groups": (4, partial(beam_search, beams=4, groups=2, min_length=2)),
}


def replies_of(found):
    """Returns the ids of each reply that the search could fill."""
    ids, lengths, scores = (entry.numpy() for entry in found)
    assert not np.isnan(scores).any()
    return [
        ids[index][: lengths[index]].tolist()
        for index in np.ndindex(*lengths.shape)
        if scores[index] > -1e29
    ]


@PROPERTY
@given(cases())
def test_each_state_forbids_exactly_the_words_that_complete_a_blocked_word(case):
    segmenter, words, blocked = case
    automaton = automaton_of(*case)
    prefixes = [()]
    for _ in range(3):
        masks = masks_after(automaton, prefixes)
        assert (masks[:, : len(SPECIALS)] == 0).all()
        longer = []
        for prefix, mask in zip(prefixes, masks[:, len(SPECIALS) :], strict=True):
            texts = [[*(words[id_ - len(SPECIALS)] for id_ in prefix), word] for word in words]
            found = [contains(text_of(text, segmenter), blocked, segmenter) for text in texts]
            assert (mask < -1e29).tolist() == found
            longer += [(*prefix, len(SPECIALS) + i) for i, no in enumerate(found) if not no]
        prefixes = longer or prefixes[:1]


@pytest.mark.parametrize("name", SEARCHES)
def test_no_reply_of_any_decoder_contains_a_blocked_word(name):
    """For blocked words of several tokens, parts of tokens, and of whole ASCII words."""
    beams, search = SEARCHES[name]
    words = ["大", "傻", "子", "大傻", "啊", "ok", "OK", "k"]
    blocked = ["大傻子", "ok啊", "傻啊k", "啊啊大", "k ok", "子子"]
    table = Table(len(SPECIALS) + len(words))
    automaton = automaton_of("jieba", words, blocked)

    def texts(step, state):
        return [
            text_of([words[id_ - len(SPECIALS)] for id_ in ids], "jieba")
            for ids in replies_of(search(step, state, 12))
        ]

    state = [tf.range(EXAMPLES * beams) // beams]
    assert sum(contains(text, blocked, "jieba") for text in texts(table.step, state)) > 3
    found = texts(*block_words(table.step, state, automaton))
    assert len(found) == EXAMPLES * beams
    assert not any(contains(text, blocked, "jieba") for text in found)
    assert any("ok" in text.lower() for text in found)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_wide_beam_finds_all_replies_without_blocked_words(seed):
    # After 大傻, both 子 (which completes the longer beginning) and b (the shorter one) are masked.
    words, blocked = ["大", "傻", "子", "b"], ["大傻子", "傻b", "b b"]
    table = Table(len(SPECIALS) + len(words), seed)
    allowed = [
        (score, list(ids))
        for score, ids in table.replies(example=3)
        if not contains(text_of([words[id_ - 4] for id_ in ids], "jieba"), blocked, "jieba")
    ]
    assert 50 < len(allowed) < 700
    step, state = block_words(
        table.step, [tf.fill([800], 3)], automaton_of("jieba", words, blocked)
    )
    found = beam_search(step, state, LENGTH, beams=800)
    assert replies_of(found) == [ids for _, ids in allowed]
    np.testing.assert_allclose(
        found.scores[0, : len(allowed)], [score for score, _ in allowed], rtol=1e-4
    )


@pytest.mark.parametrize("name", SEARCHES)
def test_words_that_cannot_occur_change_nothing(name):
    beams, search = SEARCHES[name]
    table = Table(7)
    state = [tf.range(EXAMPLES * beams) // beams]
    automaton = automaton_of("jieba", ["a", "子", "啊"], ["傻子", "b"])
    blocked = search(*block_words(table.step, state, automaton), 8)
    for entry, value in zip(blocked, search(table.step, state, 8), strict=True):
        np.testing.assert_array_equal(entry, value)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(("blocked", "length"), [("啊", 0), ("啊啊", 1)])
def test_a_reply_ends_where_every_word_is_blocked(name, blocked, length):
    """It contains no unknown word instead, even if this is the most probable one.

    Beam search finds no reply if none of its hypotheses reaches the minimum length.
    """
    beams, search = SEARCHES[name]
    table = Table(7)
    table.log_probs[:, UNK] = 5
    state = [tf.range(EXAMPLES * beams) // beams]
    automaton = automaton_of("jieba", ["傻", "子", "啊"], ["傻", "子", blocked])
    found = search(*block_words(table.step, state, automaton), 8)
    lengths = {len(ids) for ids in replies_of(found)}
    assert max(lengths, default=0) == (0 if name == "groups" else length)
    assert not np.isin(found.ids, [UNK, 4, 5]).any()


def processor(segmenter, words, unigram=None):
    return TextProcessor(
        TextAssets(
            post_words=[*SPECIALS, *words],
            response_words=[*SPECIALS, *words],
            emotions=DEFAULT,
            external_memory=[[]] * len(DEFAULT),
            normalize_digits=False,
            tokenizer_model=unigram,
            normalization="width",
            segmenter=segmenter,
        )
    )


CHINESE = ["傻子", "大傻", "大傻子", "子", "ok", "okay", "OK了", "T恤"]
ENGLISH = ["ass", "class", "smart-ass", "do", "n't", "'t", "can", "kick"]


@pytest.mark.parametrize(
    ("segmenter", "words", "blocked", "prefix", "expected"),
    [
        ("jieba", CHINESE, "傻子", [], ["傻子", "大傻子"]),
        ("jieba", CHINESE, " 傻  子", ["大傻"], ["傻子", "大傻子", "子"]),
        ("jieba", CHINESE, "Ｏk", [], ["ok", "OK了"]),
        ("jieba", CHINESE, "T", [], ["T恤"]),
        ("jieba", CHINESE, "o", [], []),
        ("jieba", CHINESE, "okay ok", ["okay"], ["ok", "OK了"]),
        ("whitespace", CHINESE, "傻子", ["大傻"], ["傻子", "大傻子", "子"]),
        ("english", ENGLISH, "ASS", [], ["ass", "smart-ass"]),
        ("english", ENGLISH, "don't", ["do"], ["n't"]),
        ("english", ENGLISH, "t", ["do"], ["'t"]),
        ("english", ENGLISH, "kick ass", [], []),
        ("english", ENGLISH, "kick ass", ["kick"], ["ass"]),
        ("whitespace", ENGLISH, "ass", [], ["ass", "smart-ass"]),
    ],
)
def test_blocked_words_of_a_model(segmenter, words, blocked, prefix, expected):
    unigram = unigram_model({"傻子": 5}, set("傻子大")) if segmenter == "jieba" else None
    automaton = block_words_automaton([blocked], processor(segmenter, words, unigram))
    masks = masks_after(automaton, [[4 + words.index(word) for word in prefix]])
    assert [words[id_ - 4] for id_ in np.flatnonzero(masks[0])] == expected


def test_a_word_without_tokens_is_refused():
    text = processor("whitespace", ["a"])
    with pytest.raises(InputError, match=r"block_words: expected words, got '\\u200b'"):
        block_words_automaton(["a", "\u200b"], text)


def test_a_list_that_needs_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(word_automaton, "MAX_EXCEPTIONS", 1)
    with pytest.raises(InputError, match=r"block_words: expected a shorter list; .* 3 words"):
        automaton_of("jieba", ["子", "人", "瓜"], ["傻子", "傻人", "傻瓜"])


def test_files_and_lists_of_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ufeff# insults\n傻子\n\n  \nkick ass\r\n", encoding="utf-8")
    assert read_block_words(str(path)) == ("傻子", "kick ass")
    assert read_block_words(["傻子", "#"]) == ("傻子", "#")
    path.write_text("# none\n")
    for source, message in [
        (str(path), "words.txt: expected at least one blocked word, got none"),
        ([], "block_words: expected at least one blocked word, got none"),
        (str(tmp_path / "nothing"), "nothing: no such file; expected blocked words"),
        ("", "expected blocked words, one per line, got a directory"),
    ]:
        with pytest.raises(InputError, match=message):
            read_block_words(source)
