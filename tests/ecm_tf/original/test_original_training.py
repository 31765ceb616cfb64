"""Training like the original program: `--preset original`, word vectors, imported checkpoints."""

import json
import shutil

import numpy as np
import pytest
from eager_runs import eager_execution
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

SMALL = ["--size", "8", "--num_layers", "1", "--embedding_size", "6", "--epochs", "1"]


@pytest.fixture(autouse=True)
def eagerly():
    with eager_execution():
        yield


def test_every_batch_has_one_emotion_and_all_emotions_are_equally_frequent(tmp_path):
    """The original loops forever if a bucket has no example of an emotion."""
    # Emotion 3 is rare and has no short pair; 1, 2 and 4 are absent.
    pairs = [([4] * (1 + n % 20), [5] * (1 + n % 7), 0) for n in range(200)]
    pairs += [([4] * 3, [6], 5)] * 40 + [([4] * 18, [7], 3)] * 3
    write(tmp_path, pairs)
    batches = list(
        training_batches(
            tmp_path,
            ModelConfig(50, 50, 6, mask_padding=False),
            pairs=len(pairs),
            batch_size=2,
            seed=0,
            epoch=0,
            emotions=[0, 3, 5],
            single_emotion=True,
        )
    )
    drawn = [set(batch["emotion"].numpy().tolist()) for batch in batches]
    assert all(len(emotions) == 1 for emotions in drawn)
    counts = {e: sum(emotions == {e} for emotions in drawn) for e in range(6)}
    # A third of 125 is 42; the standard deviation is 5.
    assert all(22 <= counts[e] <= 62 for e in (0, 3, 5)), counts
    assert sum(counts[e] for e in (1, 2, 4)) == 0
    for batch in batches:
        assert (batch["post"].shape[1], batch["response"].shape[1]) in ModelConfig(4, 4, 1).buckets


def test_preset_original(dataset, tmp_path):
    flags = ["--preset", "original", "--batch_size", "10", *SMALL]
    main(["--dataset", str(dataset), "--train_dir", str(tmp_path / "model"), *flags])
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert run["model"]["mask_padding"] is False
    assert run["model"]["buckets"] == [[12, 12], [16, 16], [20, 20], [30, 30]]
    training = run["training"]
    assert training["single_emotion_batches"] is True
    assert (training["optimizer"], training["learning_rate"]) == ("sgd", 0.5)
    assert (training["max_gradient_norm"], training["learning_rate_decay_factor"]) == (5.0, 0.99)
    assert training["batch_size"] == 10, "a flag given with the preset takes precedence"
    # The model that it leaves does not mask padding either.
    assert not load_model(tmp_path / "model")[0].config.mask_padding


def test_word_vectors_initialize_both_embeddings(dataset, tmp_path, capsys):
    assets = TextAssets.load(dataset / "assets")
    common = next(word for word in assets.response_words[4:] if word in assets.post_words)
    vectors = tmp_path / "vector.txt"
    vectors.write_text(f"1 6\n{common} 9 8 7 6 5 4\n", encoding="utf-8")
    flags = ["--batch_size", "10", "--buckets", "4,4", "--learning_rate", "1e-20", *SMALL]
    main(
        [
            *("--dataset", str(dataset), "--train_dir", str(tmp_path / "model")),
            *("--word_vectors", str(vectors)),
            *flags,
        ]
    )
    model, _ = load_model(tmp_path / "model")
    for embedding, vocabulary in (
        (model.encoder.embedding, assets.post_words),
        (model.decoder.embedding, assets.response_words),
    ):
        table = embedding.embeddings.numpy()
        assert table[vocabulary.index(common)].tolist() == [9, 8, 7, 6, 5, 4]
        assert np.abs(table[4 if vocabulary[4] != common else 5]).max() < 1
    printed = capsys.readouterr().out
    assert f"vectors of 1 post words ({1 / len(assets.post_words):.1%})" in printed
    assert f"vectors of 1 response words ({1 / len(assets.response_words):.1%})" in printed


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A dataset, a model directory from an original checkpoint, and flags to train it further."""
    directory = tmp_path_factory.mktemp("imported")
    recorded = Recorded("ecm")
    meta, words = recorded.meta, {}
    for side in ("post", "response"):
        words[side] = [*SPECIALS, *(f"{side}{id_}" for id_ in range(4, meta[f"{side}_vocab"]))]
        path = directory / f"{side}.txt"
        path.write_text("".join(f"{word}\n" for word in words[side]), encoding="utf-8")
    import_original(
        [
            *(recorded.prefix("init"), "--output", str(directory / "model")),
            *("--post_vocab", str(directory / "post.txt")),
            *("--response_vocab", str(directory / "response.txt")),
        ]
    )
    dataset = directory / "dataset"
    pairs = [(post, response[:-1], emotion) for post, response, _, emotion in recorded.batches[0]]
    for split in ("train", "dev"):
        write(dataset, pairs, split)
    categories = load_model(directory / "model")[1].emotions
    no_words = [[] for _ in categories]
    assets = TextAssets(words["post"], words["response"], categories, no_words, True, None)
    emotions = np.bincount([emotion for *_, emotion in pairs], minlength=len(no_words)).tolist()
    write_manifest(
        dataset,
        "dataset",
        files=[
            *(path.name for path in dataset.glob("*.tfrecord")),
            *(f"assets/{name}" for name in assets.save(dataset / "assets")),
        ],
        settings={},
        counts={"pairs": {"train": len(pairs), "dev": len(pairs)}, "emotions": {"train": emotions}},
        sources={},
    )
    sizes = ("size", "num_layers", "embedding_size", "emotion_size", "imemory_size")
    flags = ["--preset", "original", "--use_emb", "--use_imemory", "--use_ememory"]
    flags += [word for name in sizes for word in (f"--{name}", str(meta[name]))]
    return dataset, directory / "model", [*flags, "--epochs", "1"]


def test_an_imported_model_can_be_trained_further(imported, tmp_path, capsys):
    dataset, model, flags = imported
    train_dir = shutil.copytree(model, tmp_path / "model")
    imported_model, imported_assets = load_model(train_dir)
    before = imported_model.get_weights()
    main(["--dataset", str(dataset), "--train_dir", str(train_dir), *flags])
    assert "resuming from the checkpoint of step 0" in capsys.readouterr().out
    step = read_manifest(train_dir, "model")["counts"]["step"]
    assert step > 0, "any evaluation is better than the unknown one of the import"
    trained_model, trained_assets = load_model(train_dir)
    after = trained_model.get_weights()
    assert any(imported_assets.external_memory), "the dataset has no emotion words"
    assert trained_assets.external_memory == imported_assets.external_memory
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


def test_another_vocabulary_is_refused(imported, dataset):
    _, model, flags = imported
    with pytest.raises(InputError, match="expected the settings that the run was started with"):
        main(["--dataset", str(dataset), "--train_dir", str(model), *flags])


def test_record_has_what_the_port_reads():
    """The original gives weight 0 to the last position, so no response may reach it unended."""
    for pair in Recorded("ecm").batches[0]:
        assert pair[1][-1] == EOS
        assert PAD not in pair[1]
