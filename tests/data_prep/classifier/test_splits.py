"""The parts of labelled sentences, and how far labels agree."""

import json
from itertools import combinations

import numpy as np
import pytest

from data_prep.classifier.splits import Agreement, Sentences, agreement
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions


def rows(texts, emotion=0) -> list[dict]:
    return [{"text": text, "emotion": emotion} for text in texts]


def test_parts_have_their_shares(write_jsonl):
    sentences = Sentences.read([write_jsonl(rows(f"第{i}句" for i in range(4000)))], DEFAULT)
    sizes = {name: len(part.texts) for name, part in sentences.parts.items()}
    assert sum(sizes.values()) == 4000
    assert 330 < sizes["dev"] < 470
    assert 330 < sizes["test"] < 470


def test_parts_share_no_text_however_it_is_spaced(write_jsonl):
    texts = [f"第{i}句话" for i in range(500)]
    spaced = [" ".join(text) for text in texts] + [f"{text[:2]}\u3000{text[2:]}" for text in texts]
    paths = [write_jsonl(rows(texts), "a"), write_jsonl(rows(spaced, 3)[::-1], "b")]
    parts = Sentences.read(paths, DEFAULT).parts
    seen = [{"".join(text.split()) for text in part.texts} for part in parts.values()]
    assert set.union(*seen) == set(texts)
    for one, other in combinations(seen, 2):
        assert not one & other
    for part in parts.values():
        assert sorted(part.emotions) == [0] * (len(part.texts) // 3) + [3] * (
            2 * len(part.texts) // 3
        )


def test_texts_keep_their_emotions(write_jsonl):
    given = {f"第{i}句": i % 6 for i in range(300)}
    path = write_jsonl([{"text": text, "emotion": emotion} for text, emotion in given.items()])
    sentences = Sentences.read([path], DEFAULT)
    everything = sentences.part("all")
    assert dict(zip(everything.texts, everything.emotions, strict=True)) == given
    assert len(everything.texts) == 300
    dev = sentences.part("dev")
    assert dict(zip(dev.texts, dev.emotions, strict=True)).items() < given.items()
    assert dev.labels.dtype == np.int32
    assert dev.labels.tolist() == dev.emotions


def test_an_empty_part_is_refused(write_jsonl):
    sentences = Sentences.read([write_jsonl(rows(["好"]))], DEFAULT)
    (filled,) = (name for name, part in sentences.parts.items() if part.texts)
    assert sentences.part(filled).texts == sentences.part("all").texts == ["好"]
    for name in {"train", "dev", "test"} - {filled}:
        with pytest.raises(InputError, match=f"--sentences: .* the part {name}, got none"):
            sentences.part(name)
    with pytest.raises(InputError, match="the part all"):
        Sentences.read([], DEFAULT).part("all")


XML = """<T><sentence opinionated="Y" emotion-1-type="fear">a</sentence>
<sentence opinionated="Y" emotion-1-type="surprise">b</sentence>
<sentence opinionated="Y" emotion-1-type="fear">c</sentence>
<sentence opinionated="Y" emotion-1-type="anger">d</sentence></T>"""


def test_emotions_that_are_no_category_are_counted(tmp_path):
    (tmp_path / "nlpcc.xml").write_text(XML, encoding="utf-8")
    paths = [tmp_path / "nlpcc.xml"] * 2
    sentences = Sentences.read(paths, DEFAULT)
    assert sentences.left_out == {"fear": 4, "surprise": 2}
    assert sentences.part("all").texts == ["d", "d"]
    afraid = Sentences.read(paths, Emotions([Emotion("fear", "恐惧")]))
    assert afraid.left_out == {"surprise": 2, "anger": 2}


def test_bad_records_stop_or_are_counted(write_jsonl):
    path = write_jsonl([*rows(["好"]), *rows(["坏"], "joyful"), b"{", *rows(["行"])])
    with pytest.raises(InputError) as error:
        Sentences.read([path], DEFAULT)
    assert str(error.value).startswith(f"{path}: line 2: unknown emotion 'joyful'")
    sentences = Sentences.read([path], DEFAULT, skip_bad_records=True)
    assert sentences.bad == 2
    assert sorted(sentences.part("all").texts) == sorted(["好", "行"])


def test_agreement_by_pairs():
    rng = np.random.default_rng(0)
    texts = [f"第 {i} 句" if i % 2 else f"第{i} 句" for i in rng.integers(0, 60, 200)]
    texts = [text.replace(" ", "") if rng.random() < 0.5 else text for text in texts]
    labels = rng.integers(0, 3, 200).tolist()
    pairs: dict[str, list[bool]] = {}
    for (one, a), (other, b) in combinations(zip(texts, labels, strict=True), 2):
        if one.replace(" ", "") == other.replace(" ", ""):
            pairs.setdefault(one.replace(" ", ""), []).append(a == b)
    assert len(pairs) > 30
    found = agreement(texts, labels)
    assert found.texts == len(pairs)
    assert found.share == pytest.approx(np.mean([np.mean(same) for same in pairs.values()]))
    json.dumps(found.share)


@pytest.mark.parametrize(
    ("texts", "emotions", "expected"),
    [
        ([], [], Agreement(0, None)),
        (["好", "坏"], [1, 1], Agreement(0, None)),
        (["你好", "你 好", "坏"], [1, 1, 2], Agreement(1, 1.0)),
        (["好", "好", "好"], [1, 2, 1], Agreement(1, pytest.approx(1 / 3))),
    ],
)
def test_agreement_by_hand(texts, emotions, expected):
    assert agreement(texts, emotions) == expected
