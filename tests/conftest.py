"""A ten-pair corpus, a tiny vocabulary, an eight-unit model; and the directories made of them."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from eager_runs import eager_execution
from random_weights import randomize
from shared_fixtures import shared_directory

from data_prep.__main__ import main as data_prep
from ecm_tf.config import ModelConfig
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model, new_model, save_model
from ecm_tf.text.vocabulary import EOS, PAD
from ecm_tf.train import main as train

ROOT = Path(__file__).parent

# TensorFlow's first search for a GPU prints to stderr, which some tests compare.
tf.config.list_physical_devices()

PAIRS = [
    ("今天天气真好", "是啊，出去走走吧", "other"),
    ("我的猫会握手", "好可爱的猫，我喜欢", "like"),
    ("我的钱包丢了", "真难过，抱抱你", "sad"),
    ("他又迟到了", "真讨厌这种人", "disgust"),
    ("外卖少送了一份", "太过分了，气死我了", "angry"),
    ("我考试及格了", "哈哈，太开心了", "happy"),
    ("周末去哪里玩", "去公园吧", "other"),
    ("妈妈做了红烧肉", "好喜欢，我也想吃", "like"),
    ("朋友搬走了", "我也难过", "sad"),
    ("球队赢了3比0", "太开心了，恭喜", "happy"),
]
EMORY = [[], ["喜欢", "可爱"], ["难过"], ["讨厌"], ["过分"], ["开心", "恭喜"]]

MODULES = list(product((False, True), repeat=3))
"""Every choice of (use_emb, use_imemory, use_ememory)."""


LONGEST = "server"
"""The group of tests that takes longest, which starts first."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Distributes the tests over the workers of pytest-xdist (`--dist loadgroup`).

    The tests of a file, or of several files with the same `xdist_group`, run in one worker, so that
    their fixtures are made once. The longest group starts first, then the slow tests, which run
    wherever a worker is free.
    """

    def position(item: pytest.Item) -> int:
        group = item.get_closest_marker("xdist_group")
        if group and group.args[0] == LONGEST:
            return 0
        return 1 if item.get_closest_marker("slow") else 2

    for item in items:
        if not (item.get_closest_marker("xdist_group") or item.get_closest_marker("slow")):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    items.sort(key=position)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory of real corpora next to the project; skips the test if it does not exist."""
    path = ROOT.parents[1] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no real corpora beside the project (../shared/data)")
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """`pairs.jsonl` and `ememory.json` in a directory."""
    directory = tmp_path_factory.mktemp("corpus")
    lines = [
        json.dumps({"post": post, "response": response, "emotion": emotion}, ensure_ascii=False)
        for post, response, emotion in PAIRS
    ]
    (directory / "pairs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (directory / "ememory.json").write_text(json.dumps(EMORY), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def dataset(corpus, tmp_path_factory) -> Path:
    """A finished dataset directory of the ten pairs, which are train, dev and test alike."""
    pairs = str(corpus / "pairs.jsonl")

    def make(output: Path) -> None:
        data_prep(
            [
                *("build", "--train", pairs, "--dev", pairs, "--test", pairs),
                *("--ememory", str(corpus / "ememory.json"), "--output", str(output)),
                *("--workers", "1"),
            ]
        )

    return shared_directory(tmp_path_factory, "dataset", make)


TINY_MODEL = [
    *("--size", "8", "--embedding_size", "6", "--emotion_size", "5", "--imemory_size", "7"),
    *("--batch_size", "4", "--optimizer", "adam", "--learning_rate", "0.01"),
]


@pytest.fixture(scope="session")
def model_dir(dataset, tmp_path_factory) -> Path:
    """A model directory of a tiny ECM with all modules, trained for three epochs."""

    def make(train_dir: Path) -> None:
        with eager_execution(pictures=True):
            train(
                [
                    *("--dataset", str(dataset), "--train_dir", str(train_dir), "--epochs", "3"),
                    *("--use_emb", "--use_imemory", "--use_ememory"),
                    *TINY_MODEL,
                    *("--batch_size", "10"),
                ]
            )

    return shared_directory(tmp_path_factory, "model", make)


@pytest.fixture(scope="session")
def auto_model_dir(model_dir, tmp_path_factory) -> Path:
    """A model directory with random weights that predicts emotions, with the assets of `model_dir`.

    It chooses different emotions for different posts.
    """

    def make(train_dir: Path) -> None:
        trained, assets = load_model(model_dir)
        fields = trained.config.to_dict() | {"predict_emotion": True}
        model = new_model(ModelConfig.from_dict(fields), assets)
        randomize(model)
        save_model(train_dir, model, assets, settings={}, counts={}, sources={})

    return shared_directory(tmp_path_factory, "auto_model", make)


@pytest.fixture
def make_model():
    """`make_model(**fields)`: an eight-unit ECM with 20 post and 18 response words."""

    def make(**fields) -> ECM:
        sizes = {"size": 8, "embedding_size": 6, "emotion_size": 5, "imemory_size": 7}
        config = ModelConfig(20, 18, 6, **{**sizes, **fields})
        model = ECM(config)
        if config.use_ememory:
            words = np.zeros([6, 18], "float32")
            words[1:, 6:10] = 1  # category 0 has no emotion words
            model.set_emotion_words(words)
        return model

    return make


@pytest.fixture
def batch() -> dict[str, tf.Tensor]:
    """Five pairs of mixed emotions and lengths, one post empty, for `make_model`'s vocabularies."""
    random = np.random.default_rng(7)
    post = random.integers(4, 20, [5, 7])
    response = random.integers(4, 18, [5, 6])
    for row, (post_length, response_length) in enumerate([(7, 6), (3, 2), (1, 1), (0, 4), (5, 3)]):
        post[row, post_length:] = PAD
        response[row, response_length - 1] = EOS
        response[row, response_length:] = PAD
    return {
        "post": tf.constant(post, tf.int32),
        "response": tf.constant(response, tf.int32),
        "emotion": tf.constant([0, 1, 2, 5, 1], tf.int32),
    }
