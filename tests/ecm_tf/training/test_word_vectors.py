"""Word vectors in word2vec's text format."""

import gzip

import numpy as np
import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.training.word_vectors import read_word_vectors

WORDS = {"_PAD": 0, "好": 4, "猫": 5, "new york": 6}
LINES = "好 1 2.5\n狗 9 9\nnew york 3e-1 -4\n好 7 7\n"


@pytest.mark.parametrize("header", ["", "4 2\n", "\ufeff", "\ufeff4 2\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_known_words_are_read(tmp_path, header, pack):
    path = tmp_path / "vector.txt"
    path.write_bytes(pack((header + LINES).encode()))
    vectors = read_word_vectors(path, WORDS, 2)
    assert {id_: vector.tolist() for id_, vector in vectors.items()} == {
        4: [1.0, 2.5],
        6: [np.float32(0.3), -4.0],
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("4 3\n好 1 2 3\n", "line 1: expected vectors of 2 numbers"),
        ("好 1 2\n猫 1\n", "line 2: expected"),
        ("好 1 x\n", "line 1: expected numbers"),
        ("好 1 nan\n", "line 1: expected a word and 2 finite numbers"),
    ],
)
def test_bad_lines_are_named(tmp_path, content, message):
    path = tmp_path / "vector.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"vector\.txt, {message}"):
        read_word_vectors(path, WORDS, 2)


def test_blank_lines_and_superscripts_are_no_errors_of_the_program(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("天气 1 2\n\n猫 3 4\n\n", encoding="utf-8")
    assert sorted(read_word_vectors(path, {"天气": 4, "猫": 5}, 2)) == [4, 5]
    path.write_text("² ³\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        read_word_vectors(path, {}, 2)


def test_damaged_gzip_data_is_reported(tmp_path):
    path = tmp_path / "vectors.gz"
    packed = bytearray(gzip.compress(b"\n".join(b"%d 1 2" % n for n in range(5000))))
    packed[30:60] = b"x" * 30
    path.write_bytes(packed)
    with pytest.raises(InputError, match=r"vectors\.gz: expected word vectors; the file cannot be"):
        read_word_vectors(path, {}, 2)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.txt: no such file; expected word vectors"):
        read_word_vectors(tmp_path / "nothing.txt", WORDS, 2)
