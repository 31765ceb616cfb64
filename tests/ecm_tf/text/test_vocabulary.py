import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.text.vocabulary import (
    EOS,
    GO,
    PAD,
    SPECIALS,
    UNK,
    build_vocabulary,
    load_vocabulary,
    save_vocabulary,
)


def test_ids_of_special_tokens():
    assert [SPECIALS[id_] for id_ in (PAD, UNK, EOS, GO)] == ["_PAD", "_UNK", "_EOS", "_GO"]


def test_words_are_sorted_by_count_then_code_points():
    words = build_vocabulary({"b": 2, "a": 2, "z": 9, "猫": 2, "c": 1}, 8)
    assert words == [*SPECIALS, "z", "a", "b", "猫"]


def test_fewer_words_than_the_size():
    assert build_vocabulary({"a": 1}, 100) == [*SPECIALS, "a"]


def test_special_tokens_in_the_text_are_not_words():
    assert build_vocabulary({"_EOS": 50, "a": 1}, 10) == [*SPECIALS, "a"]


@pytest.mark.parametrize("size", [4, 0, -1])
def test_size_without_room_for_words(size):
    with pytest.raises(InputError, match=f"expected more than 4, got {size}"):
        build_vocabulary({"a": 1}, size)


def test_file_round_trip(tmp_path):
    # Characters that str.splitlines would split at, and spaces of several kinds.
    words = [*SPECIALS, "猫", "a b", "\u2028", "\x85", "\x0b", "\u3000", "😀"]
    save_vocabulary(words, tmp_path / "vocab")
    assert load_vocabulary(tmp_path / "vocab") == words


def test_last_newline_may_be_missing(tmp_path):
    (tmp_path / "vocab").write_text("_PAD\n_UNK\n_EOS\n_GO\n猫", encoding="utf-8")
    assert load_vocabulary(tmp_path / "vocab") == [*SPECIALS, "猫"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("_PAD\n_UNK\n_EOS\n", "expected the first lines to be"),
        ("_PAD\n_GO\n_EOS\n_UNK\na\n", "expected the first lines to be"),
        ("", "expected the first lines to be"),
        ("_PAD\n_UNK\n_EOS\n_GO\na\nb\na\n", "line 7: expected a new word, got 'a'"),
        ("_PAD\n_UNK\n_EOS\n_GO\n\na\n", "line 5: expected a new word, got ''"),
        (b"_PAD\n\xff\n", "got invalid UTF-8 at byte 6"),
    ],
)
def test_malformed_file(content, message, tmp_path):
    path = tmp_path / "vocab"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as error:
        load_vocabulary(path)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_vocabulary(tmp_path / "vocab")
