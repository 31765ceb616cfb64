"""Text to tokens and back, in the graph."""

import dataclasses
import json

import pytest
import tensorflow as tf

from data_prep.build.segmentation import unigram_model
from ecm_tf.core.errors import InputError
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions
from ecm_tf.text.normalization import MAX_CHARACTERS, normalize
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.tokenizers import UnigramTokenizer, WhitespaceTokenizer
from ecm_tf.text.vocabulary import EOS, SPECIALS, UNK

WORDS = {"今天": 40, "天气": 30, "真": 20, "好": 25, "我": 50, "喜欢": 30, "你": 30, "，": 60}


@pytest.fixture(scope="module")
def unigram():
    return unigram_model(WORDS, set("".join(WORDS)))


@pytest.fixture(scope="module")
def assets(unigram):
    return TextAssets(
        post_words=[*SPECIALS, "今天", "天气", "abc00"],
        response_words=[*SPECIALS, "喜欢", "你", "，", "hello", "world"],
        emotions=DEFAULT,
        external_memory=[[], ["喜欢"], [], [], [], ["hello", "你"]],
        normalize_digits=True,
        tokenizer_model=unigram,
    )


@pytest.fixture(scope="module")
def processor(assets):
    return TextProcessor(assets)


def strings(tensor):
    """Decoded strings, as nested as the tensor."""

    def decode(entry):
        return entry.decode() if isinstance(entry, bytes) else [decode(e) for e in entry]

    return decode(tensor.to_list() if isinstance(tensor, tf.RaggedTensor) else tensor.numpy())


def normal(text, digits=False):
    return normalize(tf.constant([text]), digits=digits).numpy()[0].decode("utf-8", "strict")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\n ", ""),
        ("今天  好\t吗\n", "今天 好 吗"),
        ("全\u3000角\u00a0空", "全 角 空"),
        ("a\x00b\x07c\u200bd\ufeffe", "a b c d e"),
        ("开心😀👍", "开心😀👍"),
        ("2024年", "2024年"),
        (b"\xff\xfe\xe4\xbb\x8a", "\ufffd\ufffd今"),
        (b"\xe4\xbb", "\ufffd"),
    ],
)
def test_normalize(text, expected):
    assert normal(text) == expected


def test_normalize_turns_digits_into_zeros_if_wanted():
    assert normal("2024年3月", digits=True) == "0000年0月"
    assert normal("2024年3月", digits=False) == "2024年3月"


@pytest.mark.parametrize("character", ["a", "好", "😀"])
def test_normalize_cuts_long_texts_at_a_whole_character(character):
    assert normal(character * 100_000) == character * MAX_CHARACTERS


def test_normalize_keeps_the_shape():
    texts = tf.constant([["a  b"], [" c"]])
    assert strings(normalize(texts, digits=True)) == [["a b"], ["c"]]
    assert normalize(tf.constant("a  b"), digits=True).numpy() == b"a b"
    assert normalize(tf.zeros([0], tf.string), digits=True).shape == [0]


def test_unigram_finds_the_words(unigram):
    tokens = UnigramTokenizer(unigram).tokenize(tf.constant(["今天天气真好，我喜欢你"]))
    assert strings(tokens) == [["今天", "天气", "真", "好", "，", "我", "喜欢", "你"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc123好", ["abc123", "好"]),
        ("好iPhone15好", ["好", "iPhone15", "好"]),
        ("hello world", ["hello", "world"]),
        ("a b c", ["a", "b", "c"]),
        ("3.5", ["3", ".", "5"]),
        ("我", ["我"]),
        ("x", ["x"]),
        ("", []),
    ],
)
def test_unigram_keeps_letters_and_digits_together(unigram, text, expected):
    assert strings(UnigramTokenizer(unigram).tokenize(tf.constant([text]))) == [expected]


def test_unigram_does_not_join_words_of_different_texts(unigram):
    tokens = UnigramTokenizer(unigram).tokenize(tf.constant(["我abc", "", "def好", "1", "2"]))
    assert strings(tokens) == [["我", "abc"], [], ["def", "好"], ["1"], ["2"]]


@pytest.mark.parametrize(
    "split",
    ["今天 天气 真 好 ， 我 喜欢 你", "今天 天气真好 ，我喜欢 你", "今 天 天 气 真好，我喜 欢你"],
)
def test_unigram_reads_presplit_chinese_like_raw_chinese(unigram, split):
    tokenizer = UnigramTokenizer(unigram)
    raw = tokenizer.tokenize(tf.constant(["今天天气真好，我喜欢你"]))
    assert strings(tokenizer.tokenize(tf.constant([split]))) == strings(raw)


def test_unigram_of_an_empty_batch(unigram):
    tokenizer = UnigramTokenizer(unigram)
    tokens = tokenizer.tokenize(tf.zeros([0], tf.string))
    assert tokens.shape[0] == 0
    assert tokenizer.detokenize(tokens).shape == [0]


def test_unigram_passes_characters_that_it_never_saw(unigram):
    (tokens,) = strings(UnigramTokenizer(unigram).tokenize(tf.constant(["我囧😀你\ufffd"])))
    assert "".join(tokens) == "我囧😀你\ufffd"
    assert tokens[0] == "我"
    assert "你" in tokens


def test_unigram_in_a_graph_gives_the_same(unigram):
    tokenizer = UnigramTokenizer(unigram)
    texts = tf.constant(["今天abc好", "", "我 喜欢"])
    compiled = tf.function(tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
    assert strings(compiled(texts)) == strings(tokenizer.tokenize(texts))


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["我", "喜欢", "你"], "我喜欢你"),
        (["我", "love", "you", "，", "好"], "我love you，好"),
        (["a", "b", "c", "d"], "a b c d"),
        (["我", "a", "你", "b", "他"], "我a你b他"),
        (["我", "你", "他", "她"], "我你他她"),
        (["00", "点", "00", "00"], "00点00 00"),
        ([], ""),
    ],
)
def test_unigram_detokenize_puts_spaces_between_ascii_words_only(unigram, tokens, expected):
    ragged = tf.ragged.constant([tokens], tf.string)
    assert strings(UnigramTokenizer(unigram).detokenize(ragged)) == [expected]


def test_whitespace_tokens_are_what_spaces_separate():
    tokenizer = WhitespaceTokenizer()
    tokens = tokenizer.tokenize(tf.constant(["今天 天气真 好", "", "a,b c"]))
    assert strings(tokens) == [["今天", "天气真", "好"], [], ["a,b", "c"]]
    assert strings(tokenizer.detokenize(tokens)) == ["今天 天气真 好", "", "a,b c"]
    assert tokenizer.tokenize(tf.zeros([0], tf.string)).shape[0] == 0


def test_ids_are_lines_of_the_vocabularies(processor):
    ids = processor.post_ids(tf.constant(["今天天气ABC", "abc12", "", "_EOS"]))
    assert ids.dtype == tf.int32
    rows = ids.to_list()
    assert rows[:3] == [[4, 5, UNK], [6], []]
    assert EOS not in rows[3], "a text that spells a special must not become one"
    assert processor.response_ids(tf.constant(["喜欢，你"])).to_list() == [[4, 6, 5]]


def test_response_text_takes_each_rows_length(processor):
    ids = tf.constant([[4, 5, 0], [7, 8, 7], [4, 0, 0], [0, 0, 0]])
    texts = processor.response_text(ids, tf.constant([2, 3, 1, 0]))
    assert strings(texts) == ["喜欢你", "hello world hello", "喜欢", ""]


def test_external_memory_mask(assets):
    words = assets.response_words
    mask = assets.external_memory_mask
    assert [[word for word, on in zip(words, row, strict=True) if on] for row in mask] == [
        [], ["喜欢"], [], [], [], ["你", "hello"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("other", 0),
        ("喜欢", 1),
        ("2", 2),
        ("ANGRY", 4),
        ("  Happy\n", 5),
        ("开心", 5),
        ("sadness", 2),
    ],
)
def test_emotion_ids(processor, text, id_):
    assert processor.emotion_ids(tf.constant([text, "0"])).numpy().tolist() == [id_, 0]


@pytest.mark.parametrize("text", ["joyful", "6", "-1", ""])
@pytest.mark.parametrize("compiled", [False, True])
def test_unknown_emotions_are_refused_with_the_allowed_ones(processor, text, compiled):
    emotion_ids = tf.function(processor.emotion_ids) if compiled else processor.emotion_ids
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        emotion_ids(tf.constant(["like", text]))
    for emotion in DEFAULT:
        assert emotion.name in str(caught.value)


def test_an_emotion_of_any_bytes_is_refused_the_same_way(processor):
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 other"):
        tf.function(processor.emotion_ids)(tf.constant([b"\xff"]))


def test_emotions_of_ones_own(assets):
    own = dataclasses.replace(
        assets, emotions=Emotions([Emotion("calm", "平静"), Emotion("Wild", "疯狂", ("Crazy",))])
    )
    texts = tf.constant(["CALM", "wild", "crazy", "疯狂", "1"])
    assert TextProcessor(own).emotion_ids(texts).numpy().tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize("segmenter", ["jieba", "whitespace"])
def test_assets_round_trip(assets, segmenter, tmp_path):
    if segmenter == "whitespace":
        assets = dataclasses.replace(assets, tokenizer_model=None, normalize_digits=False)
    names = assets.save(tmp_path / "new" / "assets")
    loaded = TextAssets.load(tmp_path / "new" / "assets")
    assert loaded == assets
    assert sorted(names) == sorted(p.name for p in (tmp_path / "new" / "assets").iterdir())
    assert json.loads((tmp_path / "new/assets/text.json").read_text())["segmenter"] == segmenter


@pytest.mark.parametrize(
    "name",
    [
        "text.json",
        "post_vocabulary.txt",
        "response_vocabulary.txt",
        "emotions.json",
        "external_memory.json",
        "tokenizer.model",
    ],
)
def test_a_missing_asset_is_named(assets, name, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        TextAssets.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("post_vocabulary.txt", "_PAD\n_UNK\n_GO\n_EOS\n你\n"),
        ("response_vocabulary.txt", "我\n你\n"),
        ("post_vocabulary.txt", "_PAD\n_UNK\n_EOS\n_GO\n你\n你\n"),
        ("emotions.json", "no JSON"),
        ("emotions.json", "[]"),
        ("emotions.json", '{"other": 0}'),
    ],
)
def test_a_wrong_asset_is_named(assets, name, content, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        TextAssets.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("text.json", content) for content in ("no JSON", "{}", "[]", "3")),
        ("external_memory.json", "no JSON"),
    ],
)
def test_wrong_settings_are_refused(assets, name, content, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        TextAssets.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
