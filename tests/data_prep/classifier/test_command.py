"""`python -m data_prep classifier`: training, evaluation and invalid input."""

import json
import shutil
from pathlib import Path

import command_line
import numpy as np
import pytest
from markdown_rows import table_rows

from data_prep.__main__ import main
from data_prep.classifier import evaluation, pipeline
from data_prep.classifier.pipeline import train_classifier
from data_prep.classifier.settings import ClassifierSettings
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.emotions import DEFAULT

HARD = ["", " ", "😀", "\x00", "🏳️‍🌈囧", "hello WORLD 12", "喜" * 5000, "a" * 5000]


def write_csv(path: Path, texts, labels) -> Path:
    rows = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    path.write_text("\n".join(["text,emotion", *rows, ""]), encoding="utf-8")
    return path


def train(sentences: Path, output: Path, *options: object) -> Path:
    fixed = ("--sentences", sentences, "--output", output, "--workers", 1, *options)
    main(["classifier", "train", *map(str, fixed)])
    return output


def evaluate(*options: object) -> None:
    main(["classifier", "evaluate", *map(str, options)])


@pytest.fixture(scope="module")
def sentences(toy, tmp_path_factory) -> Path:
    """A file of 360 sentences of all six categories."""
    texts, labels = toy(360, 6)
    return write_csv(tmp_path_factory.mktemp("data") / "sentences.csv", texts, labels)


@pytest.fixture(scope="module")
def convolution(sentences, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("made") / "new" / "convolution"
    options = ("--epochs", 8, "--batch_size", 16, "--learning_rate", 0.01)
    return train(sentences, output, *options)


BASELINE = ("--network", "naive_bayes", "--segmenter", "whitespace")


@pytest.fixture(scope="module")
def baseline(sentences, tmp_path_factory) -> Path:
    return train(sentences, tmp_path_factory.mktemp("made") / "baseline", *BASELINE)


@pytest.fixture
def copied(baseline, tmp_path) -> Path:
    return shutil.copytree(baseline, tmp_path / "copy")


def test_training_on_a_few_hundred_sentences(convolution, toy):
    """The average of the weights must not include the initial weights."""
    texts, labels = toy(120, 6, seed=1)
    probabilities = EmotionClassifier(convolution).probabilities(texts)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9
    assert probabilities.max(axis=1).mean() > 0.5


def test_the_only_source_may_have_a_weight(sentences, baseline, tmp_path):
    """With a weight, too, its sentences are those of which the category is known."""
    path = tmp_path / "source.toml"
    path.write_text(f"files = [{str(sentences)!r}]\nweight = 0.5\n", encoding="utf-8")
    weighted = read_manifest(train(path, tmp_path / "weighted", *BASELINE), "classifier")
    expected = read_manifest(baseline, "classifier")["counts"]
    assert weighted["counts"]["scores"]["sentences"] == expected["scores"]["sentences"] > 0
    assert weighted["counts"]["agreement"] == expected["agreement"]


@pytest.mark.parametrize("directory", ["convolution", "baseline"])
def test_probabilities_do_not_depend_on_the_batch(request, toy, directory):
    classifier = EmotionClassifier(request.getfixturevalue(directory))
    assert classifier.emotions == DEFAULT
    texts = [*HARD, *toy(20, 6)[0]]
    together = classifier.probabilities(texts)
    assert together.shape == (28, 6)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    alone = np.concatenate([classifier.probabilities([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(classifier.probabilities(texts[::-1])[::-1], together, atol=1e-5)
    assert classifier.probabilities([]).shape == (0, 6)


def test_raw_and_segmented_text_give_the_same_probabilities(convolution, toy):
    split, _ = toy(30, 6, seed=2)
    one, other = (
        EmotionClassifier(convolution).probabilities(texts)
        for texts in (split, [text.replace(" ", "") for text in split])
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_manifest(sentences, baseline):
    manifest = read_manifest(baseline, "classifier")
    assert manifest["settings"]["network"] == "naive_bayes"
    assert manifest["settings"]["seed"] == 0
    assert manifest["sources"] == {"sentences.csv": sha256(sentences)}
    counts = manifest["counts"]
    assert sum(counts["sentences"].values()) == 360
    assert counts["scores"]["sentences"] == counts["sentences"]["test"]
    assert counts["bad"] == 0
    written = {str(p.relative_to(baseline)) for p in baseline.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == written - {"manifest.json"}
    assert {"emotions.json", "saved_model/saved_model.pb"} < set(manifest["files"])


def test_training_output(sentences, tmp_path, capsys):
    path = tmp_path / "more.csv"
    path.write_text(
        sentences.read_text(encoding="utf-8") + "喜 山,1\n喜山,1\n喜山,2\n坏,joyful\n坏\n",
        encoding="utf-8",
    )
    output = train(path, tmp_path / "made", "--skip_bad_records", *BASELINE)
    printed = capsys.readouterr().out
    manifest = read_manifest(output, "classifier")["counts"]
    sizes = manifest["sentences"]
    assert f"sentences: {sizes['train']} train, {sizes['dev']} dev, {sizes['test']} test" in printed
    assert sum(sizes.values()) == 363
    assert "bad records skipped: 2" in printed
    assert f"{manifest['agreement']['texts']} texts occur several times" in printed
    assert f"test: accuracy {manifest['scores']['accuracy']:.4f}" in printed
    assert printed.endswith(f"classifier: {output}\n")


def test_classifier_is_reproducible(sentences, convolution, toy, tmp_path):
    options = ("--epochs", 8, "--batch_size", 16, "--learning_rate", 0.01)
    again = train(sentences, tmp_path / "again", *options)
    texts, _ = toy(40, 6, seed=3)
    first, second = (EmotionClassifier(d).probabilities(texts) for d in (convolution, again))
    np.testing.assert_allclose(first, second, atol=1e-6)
    manifests = [read_manifest(d, "classifier") for d in (convolution, again)]
    assert manifests[0]["counts"] == manifests[1]["counts"]


CLIENT = """
import json, sys
import tensorflow as tf
import tensorflow_text

with open(sys.argv[1]) as file:
    directory, texts = json.load(file)
model = tf.saved_model.load(directory)
signature = model.signatures["serving_default"]
ask = lambda texts: signature(text=tf.constant(texts, tf.string))["probabilities"].numpy()
inputs = signature.structured_input_signature[1]["text"]
foreign = [name for name in sys.modules
           if name.split(".")[0] in ("ecm_tf", "data_prep", "export", "jieba")]
result = {
    "probabilities": ask(texts).tolist(),
    "none": ask([]).shape,
    "invalid": ask([b"\\xff\\xfe", b"\\xe4\\xbd"]).sum(axis=1).tolist(),
    "input": [inputs.dtype.name, inputs.shape.as_list()],
    "foreign": foreign,
}
print("RESULT" + json.dumps(result))
"""


def test_saved_model_loads_without_this_package(baseline, toy, tmp_path):
    texts = [*HARD, *toy(6, 6)[0]]
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")
    asked = json.dumps([str(baseline / "saved_model"), texts])
    (tmp_path / "asked.json").write_text(asked, encoding="utf-8")
    done = command_line.python("client.py", "asked.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout.decode().split("RESULT", 1)[1])
    assert result["foreign"] == []
    assert result["input"] == ["string", [None]]
    assert result["none"] == [0, 6]
    assert result["invalid"] == pytest.approx([1, 1], abs=1e-5)
    expected = EmotionClassifier(baseline).probabilities(texts)
    np.testing.assert_allclose(result["probabilities"], expected, atol=1e-5)


def test_optimizer_is_not_saved(convolution):
    """The optimizer would triple the size of the saved classifier."""
    import tensorflow as tf

    checkpoint = convolution / "saved_model" / "variables" / "variables"
    names = [name for name, _ in tf.train.list_variables(str(checkpoint))]
    assert [name for name in names if "optimizer" in name or "momentum" in name] == []


def test_unfinished_classifier_is_rejected(copied):
    (copied / "manifest.json").unlink()
    with pytest.raises(InputError, match="expected a finished classifier directory"):
        EmotionClassifier(copied)


@pytest.mark.parametrize("name", ["emotions.json", "saved_model/saved_model.pb"])
def test_changed_classifier_is_rejected(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(InputError, match=f"{name}: changed since"):
        evaluate("--classifier", copied, "--sentences", copied / "nothing.csv")


def test_finished_classifier_is_overwritten_only_on_request(copied, sentences, tmp_path):
    before = (copied / "manifest.json").read_bytes()
    with pytest.raises(InputError, match="a classifier directory exists already; --overwrite"):
        train(sentences, copied, *BASELINE)
    assert (copied / "manifest.json").read_bytes() == before
    train(sentences, copied, "--overwrite", "--balance", 0.5, *BASELINE)
    assert read_manifest(copied, "classifier")["settings"]["balance"] == 0.5
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_other_directories_and_files_are_never_overwritten(sentences, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for output, problem in ((tmp_path, "contains other files"), (sentences, "got a file")):
        with pytest.raises(InputError, match=problem):
            train(sentences, output, "--overwrite", *BASELINE)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_failure_leaves_no_files(sentences, tmp_path, monkeypatch):
    def fail(*_) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pipeline, "save_classifier", fail)
    with pytest.raises(OSError, match="disk full"):
        train(sentences, tmp_path / "made", *BASELINE)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def two(toy, tmp_path_factory) -> tuple[Path, Path]:
    """A classifier of two custom categories, and its sentences."""
    directory = tmp_path_factory.mktemp("two")
    categories = [{"name": "calm", "chinese": "平静"}, {"name": "glad", "aliases": ["joy"]}]
    (directory / "own.json").write_text(json.dumps(categories), encoding="utf-8")
    texts, labels = toy(200, 2)
    names = [["平静", "joy"][label] for label in labels]
    path = write_csv(directory / "sentences.csv", texts, names)
    options = ("--emotions", directory / "own.json", "--segmenter", "whitespace", *BASELINE)
    return train(path, directory / "classifier", *options), path


def test_custom_categories(two, capsys):
    directory, path = two
    classifier = EmotionClassifier(directory)
    assert classifier.emotions.names == ["calm", "glad"]
    assert classifier.probabilities(["山 无 水", "山 喜 水"]).argmax(axis=1).tolist() == [0, 1]
    evaluate("--classifier", directory, "--sentences", path, "--split", "all")
    printed = capsys.readouterr().out
    assert "200 sentences of all" in printed
    assert "glad" in [row[0] for row in table_rows(printed)]


def test_evaluation(baseline, two, sentences, tmp_path, capsys):
    twin = shutil.copytree(baseline, tmp_path / "twin")
    output = tmp_path / "new" / "scores"
    both = ("--classifier", baseline, twin, "--sentences", sentences)
    evaluate(*both, "--output", output)
    printed = capsys.readouterr().out
    assert {path.name for path in output.iterdir()} == {
        *("scores.json", "baseline-confusion.png", "twin-confusion.png")
    }
    scores = json.loads((output / "scores.json").read_text(encoding="utf-8"))
    assert list(scores) == ["baseline", "twin"]
    assert scores["baseline"] == scores["twin"]
    expected = read_manifest(baseline, "classifier")["counts"]["scores"]
    calibration_error = expected.pop("calibration_error")
    assert scores["baseline"].pop("calibration_error") == pytest.approx(calibration_error, rel=1e-5)
    assert scores["baseline"] == expected
    figures = scores["baseline"]
    assert f"{figures['sentences']} sentences of test" in printed
    rows = table_rows(printed)
    for name in ("baseline", "twin"):
        (row,) = {tuple(row) for row in rows if row[0] == name}
        assert row[1:3] == (f"{figures['accuracy']:.4f}", f"{figures['macro_f1']:.4f}")
    for name, recall, n in zip(DEFAULT.names, figures["recall"], figures["support"], strict=True):
        (row,) = {tuple(row) for row in rows if row[0] == name}
        assert f"{recall:.4f}" in row
        assert row[-1] == str(n)
    assert (output / "baseline-confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_scores_are_written_last(baseline, sentences, tmp_path, monkeypatch):
    """Scripts take an evaluation with `scores.json` for complete."""

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(evaluation, "confusion_picture", fail)
    output = tmp_path / "scores"
    with pytest.raises(OSError, match="disk full"):
        evaluate("--classifier", baseline, "--sentences", sentences, "--output", output)
    assert list(output.iterdir()) == []


def test_compared_classifiers_need_the_same_categories(baseline, two, sentences):
    with pytest.raises(InputError, match=f"{two[0]}: expected the categories of {baseline}"):
        evaluate("--classifier", baseline, two[0], "--sentences", sentences)


def test_compared_classifiers_need_different_names(baseline, copied, sentences, tmp_path):
    twin = shutil.copytree(copied, tmp_path / "elsewhere" / "copy")
    with pytest.raises(InputError, match="expected directories with different names"):
        evaluate("--classifier", copied, twin, "--sentences", sentences)


def test_bad_record_is_reported_with_file_and_line(baseline, sentences, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("text,emotion\n好,1\n坏,joyful\n", encoding="utf-8")
    message = f"^{path}: line 3: unknown emotion 'joyful'"
    with pytest.raises(InputError, match=message):
        train(path, tmp_path / "made", *BASELINE)
    with pytest.raises(InputError, match=message):
        evaluate("--classifier", baseline, "--sentences", sentences, path)
    assert [file.name for file in tmp_path.iterdir()] == ["bad.csv"]


def test_sources_with_the_same_name(sentences, tmp_path):
    (tmp_path / "b").mkdir()
    twin = write_csv(tmp_path / "b" / sentences.name, ["山"], [0])
    output = tmp_path / "made"
    files = ("--sentences", str(sentences), str(twin))
    main(["classifier", "train", *files, "--output", str(output), *BASELINE])
    assert read_manifest(output, "classifier")["sources"] == {
        f"{sentences.parent.name}/sentences.csv": sha256(sentences),
        "b/sentences.csv": sha256(twin),
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("--epochs", 0), ("--batch_size", 0), ("--learning_rate", 1)],
        *[("--learning_rate", "nan"), ("--seed", -1)],
    ],
)
def test_invalid_settings_are_rejected(sentences, tmp_path, option, value):
    with pytest.raises(InputError, match=f"{option.removeprefix('--')}: expected"):
        train(sentences, tmp_path / "made", option, value, *BASELINE)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "learning_rate", "seed"])
def test_settings_that_naive_bayes_does_not_use_are_rejected(sentences, tmp_path, name):
    default = getattr(ClassifierSettings(), name)
    with pytest.raises(InputError, match=f"--{name}: expected --network convolution or bilstm; na"):
        train(sentences, tmp_path / "made", f"--{name}", default, *BASELINE)
    assert list(tmp_path.iterdir()) == []


def test_zero_workers_are_rejected(sentences, tmp_path):
    with pytest.raises(InputError, match="--workers: expected at least 1, got 0"):
        train_classifier([sentences], DEFAULT, ClassifierSettings(), tmp_path / "made", workers=0)


def test_empty_splits_are_rejected(tmp_path):
    path = write_csv(tmp_path / "one.csv", ["好"], [1])
    with pytest.raises(InputError, match="--sentences: expected sentences for the split"):
        train(path, tmp_path / "made", *BASELINE)


@pytest.mark.parametrize("segmenter", ["jieba", "whitespace"])
def test_sentences_without_common_features_are_rejected(tmp_path, segmenter):
    texts = [chr(0x4E00 + i) for i in range(60)]
    path = write_csv(tmp_path / "few.csv", texts, [1] * 60)
    with pytest.raises(InputError, match="--sentences: expected"):
        train(path, tmp_path / "made", "--segmenter", segmenter, *BASELINE)


def test_english_sentences_with_the_default_segmenter(tmp_path):
    texts = [f"{['nice', 'alas'][i % 2]} {'abcdefgh'[i % 8] * (2 + i // 8)}" for i in range(200)]
    path = write_csv(tmp_path / "english.csv", texts, [1 + i % 2 for i in range(200)])
    classifier = EmotionClassifier(train(path, tmp_path / "made", *BASELINE[:2]))
    assert classifier.probabilities(["nice one", "Alas !"]).argmax(axis=1).tolist() == [1, 2]


def test_evaluation_output_cannot_be_a_file(baseline, sentences):
    with pytest.raises(InputError, match="expected"):
        evaluate("--classifier", baseline, "--sentences", sentences, "--output", sentences)
