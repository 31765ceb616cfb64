"""Splitting posts for models of text that is split by spaces."""

import pytest

from ecm_tf.inference.word_segmentation import split_into_words


@pytest.mark.parametrize(
    "post, words",
    [("我喜欢猫", "我 喜欢 猫"), ("我ok", "我 ok"), (" 我很好 ", "我 很 好")],
)
def test_raw_chinese_is_split(post, words):
    assert split_into_words(post).split() == words.split()


@pytest.mark.parametrize("post", ["今天 天气 很好", "hello", "Привет", "Hélas", "안녕하세요", ""])
def test_other_posts_are_unchanged(post):
    assert split_into_words(post) == post
