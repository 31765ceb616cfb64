"""The tokenizer of raw English text."""

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ecm_tf.text.english import EnglishTokenizer
from ecm_tf.text.normalization import normalize

TOKENIZER = EnglishTokenizer()


def tokens_of(text: str) -> list[str]:
    normalized = normalize(tf.constant([text]), digits=False, characters="width")
    return [token.decode() for token in TOKENIZER.tokenize(normalized).to_list()[0]]


def text_of(tokens: str) -> str:
    ragged = tf.RaggedTensor.from_row_lengths(
        tf.constant(tokens.split(), tf.string), [len(tokens.split())]
    )
    return TOKENIZER.detokenize(ragged).numpy()[0].decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, how are you?", "hello , how are you ?"),
        ("I don't know.", "i do n't know ."),
        ("I DON’T care!!", "i do n't care ! !"),
        ("It's John's, isn't it?", "it 's john 's , is n't it ?"),
        ("We'll see; they've won. I'd go, I'm sure, you're not.",
         "we 'll see ; they 've won . i 'd go , i 'm sure , you 're not ."),
        ("Wait... what…", "wait ... what ..."),
        ("It costs $3.50, or 10,000", "it costs $ 3.50 , or 10,000"),
        ("At 10:30 p.m. today", "at 10:30 p.m. today"),
        ("Mr. Smith is well-known.", "mr. smith is well-known ."),
        ("The end.It rains", "the end . it rains"),
        ("He said “no” (twice)", 'he said " no " ( twice )'),
        ("'yes' she said, rock 'n' roll", "' yes ' she said , rock ' n ' roll"),
        ("good 👨‍👩‍👧😀 night", "good 👨‍👩‍👧 😀 night"),
        ("café naïve ÉTÉ", "café naïve été"),
        ("", ""),
        ("   ", ""),
    ],
)  # fmt: skip
def test_tokens(text, expected):
    assert tokens_of(text) == expected.split()


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("hello , how are you ?", "Hello, how are you?"),
        ("i do n't know . do you ?", "I don't know. Do you?"),
        ("it 's ok , i 'm fine", "It's ok, I'm fine"),
        ("that is what i said !", "That is what I said!"),
        ("wait ... what ?", "Wait... What?"),
        ("it costs $ 3.50 ( a lot )", "It costs $3.50 (a lot)"),
        ('he said " no " . " why ? "', 'He said "no". "Why?"'),
        ("you ca n't , can you ? !", "You can't, can you?!"),
        ("' yes ' she said", "'Yes' she said"),
        ("iphone in i.e. i", "Iphone in i.e. I"),
        ("", ""),
    ],
)
def test_text_of_tokens(tokens, expected):
    assert text_of(tokens) == expected


SENTENCES = [
    "I can't believe it. What happened?",
    "Well, that's great news! Congratulations.",
    "Don't worry, we'll find it (I promise).",
    "How much is it? It's $20.",
    'She said "I won\'t go" and left.',
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_survive(sentence):
    assert text_of(" ".join(tokens_of(sentence))) == sentence


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab'n'ts.,! I\"’…-3:()é😀"), max_size=30))
def test_tokens_of_tokens_are_the_same(text):
    tokens = tokens_of(text)
    assert tokens_of(" ".join(tokens)) == tokens


@pytest.mark.parametrize(
    "text", ["a" * 5000, "\x00\ud7ff", "你好，世界", "🏳️‍🌈🇩🇪", "'" * 50, "n't 's"]
)
def test_any_text_has_finite_tokens_and_a_text(text):
    tokens = tokens_of(text)
    assert "".join(tokens)
    assert text_of(" ".join(tokens))
