"""Checks of models against a dataset, judges and searches, before anything is measured."""

import json
import shutil
from types import SimpleNamespace

import pytest

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluate import main
from ecm_tf.evaluation.compatibility import check_model, check_system
from ecm_tf.evaluation.human.systems import system_replies
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions

OTHER = Emotions([Emotion("calm", "平静"), *list(DEFAULT)[1:]])


@pytest.fixture
def opened(dataset):
    return DatasetDirectory(dataset)


@pytest.fixture
def swapped(model_dir, tmp_path):
    """A model whose vocabulary has the words of the dataset's in another order."""
    directory = shutil.copytree(model_dir, tmp_path / "swapped")
    words = directory / "assets/post_vocabulary.txt"
    *lines, last, end = words.read_text(encoding="utf-8").split("\n")
    words.write_text("\n".join([*lines[:-1], last, lines[-1], end]), encoding="utf-8")
    manifest = json.loads((directory / MANIFEST).read_text())
    manifest["files"]["assets/post_vocabulary.txt"] = sha256(words)
    (directory / MANIFEST).write_text(json.dumps(manifest))
    return directory


def test_a_model_of_the_dataset_is_accepted(model_dir, opened):
    check_model(model_dir, opened, {"judge": SimpleNamespace(emotions=DEFAULT)}, [Search()])


def test_other_vocabularies_are_refused_before_anything_is_measured(swapped, opened, dataset):
    message = f"^{swapped}: expected the vocabularies of {dataset}, but the post words differ\\.$"
    with pytest.raises(InputError, match=message):
        check_model(swapped, opened, {}, [])
    with pytest.raises(InputError, match=message):
        main(["--train_dir", str(swapped), "--dataset", str(dataset)])
    # A human evaluation exchanges texts only.
    check_system(swapped, opened, {}, [])


def test_other_categories_are_refused(model_dir, opened):
    judges = {"calm": SimpleNamespace(emotions=OTHER)}
    with pytest.raises(InputError, match="expected the categories of calm, 0 calm 平静, 1 like"):
        check_model(model_dir, opened, judges, [])


@pytest.mark.parametrize("check", [check_model, check_system])
def test_searches_that_do_not_suit_the_model_are_refused(check, model_dir, opened):
    with pytest.raises(InputError, match=r"^min_length: expected at most \d+, .*; got 1000\.$"):
        check(model_dir, opened, {}, [Search(), Search(SearchConfig(min_length=1000))])


def test_a_directory_other_than_a_model_is_refused(dataset, opened):
    with pytest.raises(InputError, match=r"got kind|expected kind|expected a directory"):
        check_system(dataset, opened, {}, [])


@pytest.mark.parametrize(
    ("segmenter", "given"), [("whitespace", "我 的 猫 会 握手"), ("jieba", None)]
)
def test_a_model_of_split_text_is_given_split_posts(
    segmenter, given, model_dir, opened, monkeypatch
):
    """Imported models read split text; the posts of the dataset are raw."""
    received = []

    def generate(responder, posts, search, progress):
        received.extend(posts)
        return SimpleNamespace(texts=[["x"] * 6])

    model = SimpleNamespace(), SimpleNamespace(segmenter=segmenter)
    monkeypatch.setattr("ecm_tf.evaluation.human.systems.load_model", lambda _: model)
    monkeypatch.setattr("ecm_tf.evaluation.human.systems.Responder", lambda *_: None)
    monkeypatch.setattr("ecm_tf.evaluation.human.systems.generate_replies", generate)
    post = "我的猫会握手"
    system_replies({"model": model_dir}, {"greedy": Search()}, opened, [post], [0])
    assert received == [given or post]
