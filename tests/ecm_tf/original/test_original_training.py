"""Training as the original trains: `--preset original`, word vectors, an imported checkpoint."""

import json

import numpy as np
import pytest
import tensorflow as tf
from original_records import Recorded
from pair_records import write

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, write_manifest
from ecm_tf.data.batches import training_batches
from ecm_tf.model.directory import load_model
from ecm_tf.original.__main__ import main as import_original
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.vocabulary import EOS, PAD, SPECIALS
from ecm_tf.train import main

SMALL = ["--size", "8", "--num_layers", "1", "--embedding_size", "6", "--batch_size", "4"]


@pytest.fixture(autouse=True)
def eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning")


def test_every_batch_has_one_emotion_and_each_comes_as_often(tmp_path):
    """The original loops forever where a bucket has no example of an emotion."""
    # Emotion 3 is rare and has no short pair; 1, 2 and 4 are absent.
    pairs = [([4] * (1 + n % 20), [5] * (1 + n % 7), 0) for n in range(200)]
    pairs += [([4] * 3, [6], 5)] * 40 + [([4] * 18, [7], 3)] * 3
    write(tmp_path, pairs)
    batches = training_batches(
        tmp_path,
        ModelConfig(50, 50, 6, mask_padding=False),
        pairs=len(pairs),
        batch_size=2,
        seed=0,
        epoch=0,
        emotions=[0, 3, 5],
        single_emotion=True,
    )
    drawn = [set(batch["emotion"].numpy().tolist()) for batch in batches]
    assert all(len(emotions) == 1 for emotions in drawn)
    counts = {e: sum(emotions == {e} for emotions in drawn) for e in range(6)}
    # A third of 125 is 42; the standard deviation is 5.
    assert all(22 <= counts[e] <= 62 for e in (0, 3, 5)), counts
    assert sum(counts[e] for e in (1, 2, 4)) == 0
    for batch in batches:
        assert (batch["post"].shape[1], batch["response"].shape[1]) in ModelConfig(4, 4, 1).buckets


def test_the_preset_sets_what_the_original_does(dataset, tmp_path):
    main(
        [
            "--dataset",
            str(dataset),
            "--train_dir",
            str(tmp_path / "model"),
            "--preset",
            "original",
            "--epochs",
            "1",
            *SMALL,
        ]
    )
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert run["model"]["mask_padding"] is False
    assert run["model"]["buckets"] == [[12, 12], [16, 16], [20, 20], [30, 30]]
    training = run["training"]
    assert training["single_emotion_batches"] is True
    assert (training["optimizer"], training["learning_rate"]) == ("sgd", 0.5)
    assert (training["max_gradient_norm"], training["learning_rate_decay_factor"]) == (5.0, 0.99)
    assert training["batch_size"] == 4, "a flag given beside the preset wins"
    # The model it leaves answers over padding, too.
    assert not load_model(tmp_path / "model")[0].config.mask_padding


def test_word_vectors_start_both_embeddings(dataset, tmp_path, capsys):
    words = TextAssets.load(dataset / "assets")
    both = next(word for word in words.response_words[4:] if word in words.post_words)
    (tmp_path / "vector.txt").write_text(f"1 6\n{both} 9 8 7 6 5 4\n", encoding="utf-8")
    main(
        [
            "--dataset",
            str(dataset),
            "--train_dir",
            str(tmp_path / "model"),
            *SMALL,
            "--epochs",
            "1",
            "--learning_rate",
            "1e-20",
            "--word_vectors",
            str(tmp_path / "vector.txt"),
        ]
    )
    model, _ = load_model(tmp_path / "model")
    for embedding, vocabulary in (
        (model.encoder.embedding, words.post_words),
        (model.decoder.embedding, words.response_words),
    ):
        table = embedding.embeddings.numpy()
        assert table[vocabulary.index(both)].tolist() == [9, 8, 7, 6, 5, 4]
        assert np.abs(table[4 if vocabulary[4] != both else 5]).max() < 1
    printed = capsys.readouterr().out
    assert f"vectors of 1 post words ({1 / len(words.post_words):.1%})" in printed
    assert f"vectors of 1 response words ({1 / len(words.response_words):.1%})" in printed


@pytest.fixture
def imported(tmp_path):
    """A model directory from an original checkpoint, and a dataset of its vocabularies."""
    recorded = Recorded("ecm")
    meta, words = recorded.meta, {}
    for side in ("post", "response"):
        words[side] = [*SPECIALS, *(f"{side}{id_}" for id_ in range(4, meta[f"{side}_vocab"]))]
        path = tmp_path / f"{side}.txt"
        path.write_text("".join(f"{word}\n" for word in words[side]), encoding="utf-8")
    import_original(
        [
            recorded.prefix("init"),
            "--output",
            str(tmp_path / "model"),
            "--post_vocab",
            str(tmp_path / "post.txt"),
            "--response_vocab",
            str(tmp_path / "response.txt"),
        ]
    )
    dataset = tmp_path / "dataset"
    pairs = [(post, response[:-1], emotion) for post, response, _, emotion in recorded.batches[0]]
    for split in ("train", "dev"):
        write(dataset, pairs, split)
    categories = load_model(tmp_path / "model")[1].emotions
    nothing = [[] for _ in categories]
    assets = TextAssets(words["post"], words["response"], categories, nothing, True, None)
    emotions = np.bincount([emotion for *_, emotion in pairs], minlength=len(nothing)).tolist()
    write_manifest(
        dataset,
        "dataset",
        files=[f"assets/{name}" for name in assets.save(dataset / "assets")],
        settings={},
        counts={"pairs": {"train": len(pairs), "dev": len(pairs)}, "emotions": {"train": emotions}},
        sources={},
    )
    sizes = ("size", "num_layers", "embedding_size", "emotion_size", "imemory_size")
    flags = ["--preset", "original", "--use_emb", "--use_imemory", "--use_ememory"]
    flags += [word for name in sizes for word in (f"--{name}", str(meta[name]))]
    return dataset, tmp_path / "model", flags


def test_an_imported_model_is_trained_on(imported, capsys):
    dataset, model, flags = imported
    before = load_model(model)[0].get_weights()
    main(["--dataset", str(dataset), "--train_dir", str(model), "--epochs", "1", *flags])
    printed = capsys.readouterr().out
    assert "going on from the checkpoint of step 0" in printed
    step = read_manifest(model, "model")["counts"]["step"]
    assert step > 0, "better than a dev perplexity that nobody measured"
    after = load_model(model)[0].get_weights()
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


def test_other_words_are_refused(imported, dataset):
    _, model, flags = imported
    with pytest.raises(InputError, match="expected the settings it was begun with"):
        main(["--dataset", str(dataset), "--train_dir", str(model), "--epochs", "1", *flags])


def test_the_record_has_what_the_port_reads():
    """The weight 0 of the last position: the original keeps it free, and so does the port."""
    for pair in Recorded("ecm").batches[0]:
        assert pair[1][-1] == EOS
        assert PAD not in pair[1]
