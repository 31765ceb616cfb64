import pytest

from ecm_tf.config import ORIGINAL_BUCKETS, ModelConfig
from ecm_tf.core.errors import InputError


def test_defaults_are_the_paper_s():
    config = ModelConfig(40000, 40000, 6)
    assert (config.size, config.num_layers, config.embedding_size) == (256, 2, 100)
    assert (config.emotion_size, config.imemory_size) == (100, 256)
    assert (config.use_emb, config.use_imemory, config.use_ememory) == (False, False, False)
    assert (config.mask_padding, config.buckets) == (True, ORIGINAL_BUCKETS)
    assert not (config.bidirectional_encoder or config.tie_embeddings)


def test_maximum_lengths():
    config = ModelConfig(20, 18, 6, buckets=((4, 5), (6, 7)))
    assert (config.max_post_length, config.max_response_length) == (6, 7)


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        ("", "Seq2Seq"),
        ("emb", "Emb"),
        ("imemory", "IMem alone"),
        ("ememory", "EMem alone"),
        ("imemory ememory", "ECM w/o Emb"),
        ("emb ememory", "ECM w/o IMem"),
        ("emb imemory", "ECM w/o EMem"),
        ("emb imemory ememory", "ECM"),
    ],
)
def test_variant(modules, name):
    enabled = {f"use_{module}": True for module in modules.split()}
    assert ModelConfig(20, 18, 6, **enabled).variant == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("num_layers", 0),
        ("embedding_size", -1),
        ("emotion_size", 0),
        ("imemory_size", 0),
        ("categories", 0),
        ("post_vocabulary_size", 3),
        ("response_vocabulary_size", 3),
        ("buckets", ()),
        ("buckets", ((1, 5),)),
        ("buckets", ((8, 8), (6, 9))),
        ("buckets", ((8, 8), (9, 7))),
        ("buckets", ((8, 8), (8, 8))),
    ],
)
def test_out_of_range(field, value):
    sizes = {"post_vocabulary_size": 20, "response_vocabulary_size": 18, "categories": 6}
    with pytest.raises(InputError, match=f"{field}: expected .*, got"):
        ModelConfig(**{**sizes, field: value})
