"""`python -m ecm_tf.original` converts a checkpoint of the original into a model directory."""

import json

import numpy as np
import pytest
import tensorflow as tf
from original_records import VARIANTS, Recorded

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.original.__main__ import main
from ecm_tf.original.conversion import import_checkpoint
from ecm_tf.text.vocabulary import SPECIALS
from ecm_tf.training.checkpoints import Checkpoints


@pytest.fixture(params=VARIANTS)
def recorded(request):
    return Recorded(request.param)


@pytest.fixture
def ecm():
    return Recorded("ecm")


def run(recorded, output, *more):
    bucket = ",".join(map(str, recorded.bucket))
    main([recorded.prefix("init"), "--output", str(output), "--buckets", bucket, *more])


def vocabulary_file(path, size):
    words = [*SPECIALS, *(f"词{id_}" for id_ in range(4, size))]
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    return path


def changed_checkpoint(recorded, prefix, change):
    """Writes a copy of the checkpoint with `change` applied to the dict of its variables."""
    reader = tf.train.load_checkpoint(recorded.prefix("init"))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    change(values)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    return str(prefix)


def test_sizes_and_modules_are_inferred_from_the_variables(recorded, tmp_path, capsys):
    run(recorded, tmp_path / "model")
    model, assets = load_model(tmp_path / "model")
    meta, config = recorded.meta, model.config
    for name in ("size", "num_layers", "embedding_size", "use_emb", "use_imemory", "use_ememory"):
        assert getattr(config, name) == meta[name], name
    if config.use_emb:
        assert config.emotion_size == meta["emotion_size"]
    if config.use_imemory:
        assert config.imemory_size == meta["imemory_size"]
    assert len(assets.post_words) == meta["post_vocab"]
    assert len(assets.response_words) == meta["response_vocab"]
    assert not config.mask_padding
    assert config.variant in capsys.readouterr().out


def test_the_converted_model_generates_the_originals_replies(recorded, tmp_path):
    """Uses the text interface of chat and export; words are ids here."""
    run(recorded, tmp_path / "model")
    responder = Responder(*load_model(tmp_path / "model"))
    posts = [" ".join(map(str, decode["post"])) for decode in recorded.decodes]
    search = Search(SearchConfig(min_length=0))  # the original may reply with an empty text
    answers = responder.answer(tf.constant(posts), recorded.decode_inputs[1], search)
    for (text,), decode in zip(answers.texts.numpy(), recorded.decodes, strict=True):
        ids = decode["greedy"]
        words = ids[: ids.index(2)] if 2 in ids else ids
        if 3 not in words:  # the original may generate GO, which the port masks
            assert text.decode() == " ".join(map(str, words))


def test_vocabularies_are_read_from_the_originals_files(ecm, tmp_path):
    post = vocabulary_file(tmp_path / "post.txt", ecm.meta["post_vocab"] + 5)
    response = vocabulary_file(tmp_path / "response.txt", ecm.meta["response_vocab"])
    run(ecm, tmp_path / "model", "--post_vocab", str(post), "--response_vocab", str(response))
    _, assets = load_model(tmp_path / "model")
    assert assets.post_words[:6] == [*SPECIALS, "词4", "词5"]
    assert len(assets.post_words) == ecm.meta["post_vocab"], "truncated like the original"
    mask = np.load(ecm.directory / "external_memory.npy")
    assert [len(words) for words in assets.external_memory] == mask.sum(1).tolist()
    assert assets.external_memory_mask == (mask > 0).tolist()


def test_emotion_words_from_a_file(ecm, tmp_path):
    words = [[] for _ in range(ecm.categories)]
    words[0], words[-1] = ["4", "6"], ["5", "unknown"]
    (tmp_path / "ememory.json").write_text(json.dumps(words))
    run(ecm, tmp_path / "model", "--ememory", str(tmp_path / "ememory.json"))
    model, _ = load_model(tmp_path / "model")
    mask = model.vocabulary_output.emotion_words.numpy()
    expected = [[4, 6], *([] for _ in words[1:-1]), [5]]
    assert [row.nonzero()[0].tolist() for row in mask] == expected


def test_step_and_learning_rate_are_imported(ecm, tmp_path):
    def continue_training(values):
        values["Variable"], values["Variable_1"] = np.float32(0.25), np.int32(700)

    prefix = changed_checkpoint(ecm, tmp_path / "later.ckpt", continue_training)
    model = import_checkpoint(prefix, tmp_path / "model", buckets=(ecm.bucket,))
    assert Checkpoints(tmp_path / "model").steps == [700]
    assert int(model.optimizer.iterations) == 700
    assert float(model.optimizer.learning_rate) == 0.25


def test_missing_and_unknown_variables_are_named(ecm, tmp_path):
    def damage(values):
        del values["proj_b"]
        values["surprise"] = np.zeros(3, "float32")

    prefix = changed_checkpoint(ecm, tmp_path / "damaged.ckpt", damage)
    with pytest.raises(InputError, match=r"missing: \['proj_b'\]; unknown: \['surprise'\]"):
        import_checkpoint(prefix, tmp_path / "model", buckets=(ecm.bucket,))
    assert not (tmp_path / "model").exists()


def test_a_variable_of_another_shape_is_named(ecm, tmp_path):
    def damage(values):
        values["proj_b"] = values["proj_b"][:-1]

    prefix = changed_checkpoint(ecm, tmp_path / "damaged.ckpt", damage)
    with pytest.raises(InputError, match="proj_b"):
        import_checkpoint(prefix, tmp_path / "model", buckets=(ecm.bucket,))


def test_errors_name_the_file_and_what_was_expected(ecm, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.ckpt: expected the prefix"):
        import_checkpoint(str(tmp_path / "nothing.ckpt"), tmp_path / "model")
    short = vocabulary_file(tmp_path / "short.txt", ecm.meta["post_vocab"] - 1)
    with pytest.raises(InputError, match=r"short\.txt: expected at least"):
        run(ecm, tmp_path / "model", "--post_vocab", str(short))
    (tmp_path / "ememory.json").write_text("[[]]")
    with pytest.raises(
        InputError, match=rf"ememory\.json: expected a JSON list of {ecm.categories}"
    ):
        run(ecm, tmp_path / "model", "--ememory", str(tmp_path / "ememory.json"))
    assert not (tmp_path / "model").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(InputError, match="expected a new or empty directory"):
        run(ecm, tmp_path / "full")


def test_an_interruption_leaves_nothing(ecm, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ecm_tf.original.conversion._save_training_state", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(ecm, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_one_more_layer(ecm, tmp_path):
    """Each layer is a numbered Cell and adds rows to the matrices that map all layers' states."""
    size, layers = ecm.meta["size"], ecm.meta["num_layers"]
    top, new = f"MultiRNNCell/Cell{layers - 1}/", f"MultiRNNCell/Cell{layers}/"

    def add_layer(values):
        for name in [name for name in values if top in name]:
            values[name.replace(top, new)] = values[name] + 1
        for scope in ("Attention_0", "IMemoryReadGate", "IMemoryWriteGate"):
            (name,) = (name for name in values if name.endswith(f"{scope}/Linear/Matrix"))
            values[name] = np.concatenate([values[name], np.full_like(values[name][:size], 3)])

    prefix = changed_checkpoint(ecm, tmp_path / "deeper.ckpt", add_layer)
    model = import_checkpoint(prefix, tmp_path / "model", buckets=(ecm.bucket,))
    assert model.config.num_layers == layers + 1
    cell = model.decoder.cell
    assert (cell.read_state_kernel.numpy()[-size:] == 3).all()
    assert not (cell.read_state_kernel.numpy()[:-size] == 3).any()
    lower, upper = cell.gru.cells[-2:]
    np.testing.assert_allclose(upper.candidate_kernel, lower.candidate_kernel + 1, rtol=1e-6)
