from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from pair_records import write

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches, record_files, steps_per_epoch, training_batches
from ecm_tf.text.vocabulary import EOS, PAD

BUCKETS = ((3, 4), (5, 6), (8, 9))


def config(**fields):
    return ModelConfig(1000, 1000, 6, size=4, buckets=BUCKETS, **fields)


def some_pairs(count, longest=7):
    """Returns distinct pairs of all lengths, with the emotions in turn."""
    random = np.random.default_rng(3)
    return [
        (
            [100 + n, *random.integers(4, 50, random.integers(0, longest)).tolist()],
            [500 + n, *random.integers(4, 50, random.integers(0, longest)).tolist()],
            n % 6,
        )
        for n in range(count)
    ]


def arrays(batches):
    return [{name: value.numpy() for name, value in batch.items()} for batch in batches]


def rows(batches):
    """Returns (post, response, emotion) of every row, without padding, as tuples."""
    result = []
    for batch in arrays(batches):
        for post, response, emotion in zip(*batch.values(), strict=True):
            kept = [tuple(ids[: len(np.trim_zeros(ids, "b"))].tolist()) for ids in (post, response)]
            result.append((*kept, int(emotion)))
    return result


def expected(pairs):
    """Returns the expected `rows` of pairs that need not be cut."""
    return [(tuple(post), (*response, EOS), emotion) for post, response, emotion in pairs]


def epoch_of(directory, pairs, **changes):
    settings = {"pairs": pairs, "batch_size": 4, "seed": 1, "epoch": 0, **changes}
    return training_batches(directory, settings.pop("config", config()), **settings)


def test_record_files_of_a_split_in_order(tmp_path):
    write(tmp_path, some_pairs(4), "dev", files=3)
    write(tmp_path, some_pairs(4), "train", files=1)
    names = [path.rsplit("/", 1)[1] for path in record_files(tmp_path, "dev")]
    assert names == [f"dev-0000{n}-of-00003.tfrecord" for n in range(3)]
    with pytest.raises(InputError, match="'test'"):
        record_files(tmp_path, "test")


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_evaluation_batches_have_every_pair_once(tmp_path, batch_size):
    pairs = some_pairs(23)
    write(tmp_path, pairs, "dev")
    batches = evaluation_batches(tmp_path, "dev", config(), batch_size)
    assert Counter(rows(batches)) == Counter(expected(pairs))
    assert all(len(batch["emotion"]) <= batch_size for batch in batches)


def test_batch_structure(tmp_path):
    write(tmp_path, some_pairs(9))
    spec = epoch_of(tmp_path, 9).element_spec
    assert {name: (s.dtype, s.shape.rank) for name, s in spec.items()} == {
        "post": (tf.int32, 2),
        "response": (tf.int32, 2),
        "emotion": (tf.int32, 1),
    }


def test_pairs_of_a_batch_share_a_bucket(tmp_path):
    write(tmp_path, some_pairs(60), "dev")
    seen = set()
    for batch in arrays(evaluation_batches(tmp_path, "dev", config(), 4)):
        posts = (batch["post"] != PAD).sum(1)
        responses = (batch["response"] != PAD).sum(1)
        buckets = {
            max(sum(p >= b for b, _ in BUCKETS[:-1]), sum(r >= b for _, b in BUCKETS[:-1]))
            for p, r in zip(posts, responses, strict=True)
        }
        assert len(buckets) == 1
        seen |= buckets
        assert batch["post"].shape[1] == posts.max(), "no more padding than the longest needs"
        assert batch["response"].shape[1] == responses.max()
    assert seen == {0, 1, 2}


def test_long_posts_and_responses_are_cut(tmp_path):
    pairs = [
        (list(range(10, 30)), [7], 0),  # post too long
        ([4], list(range(50, 70)), 1),  # response too long
        ([5], list(range(50, 58)), 2),  # response of 8 tokens: EOS does not fit
        ([6], list(range(50, 57)), 3),  # 7 tokens and EOS fill the 8 positions
        ([], [8], 4),  # a post without any token
    ]
    write(tmp_path, pairs, "dev")
    by_emotion = {row[2]: row for row in rows(evaluation_batches(tmp_path, "dev", config(), 8))}
    assert by_emotion[0] == (tuple(range(10, 18)), (7, EOS), 0)
    assert by_emotion[1] == ((4,), tuple(range(50, 58)), 1), "a cut response has no end"
    assert by_emotion[2] == ((5,), tuple(range(50, 58)), 2)
    assert by_emotion[3] == ((6,), (*range(50, 57), EOS), 3)
    assert by_emotion[4] == ((), (8, EOS), 4)


def test_without_masking_a_batch_is_as_long_as_its_bucket(tmp_path):
    write(tmp_path, some_pairs(40), "dev")
    write(tmp_path, some_pairs(40), "train")
    original = config(mask_padding=False)
    evaluation = evaluation_batches(tmp_path, "dev", original, 4)
    training = epoch_of(tmp_path, 40, config=original)
    for batches in (evaluation, training):
        shapes = {(b["post"].shape[1], b["response"].shape[1]) for b in batches}
        assert shapes <= set(BUCKETS)
    assert {(b["post"].shape[1], b["response"].shape[1]) for b in evaluation} == set(BUCKETS)
    # As in the original program, a post of a bucket's full length goes to the next bucket.
    write(tmp_path / "edge", [([4, 5, 6], [7], 0)], "dev", files=1)
    (batch,) = evaluation_batches(tmp_path / "edge", "dev", original, 4)
    assert batch["post"].shape == [1, 5]


def test_batches_with_static_lengths_have_the_same_pairs(tmp_path):
    write(tmp_path, some_pairs(40), "train")
    static = list(epoch_of(tmp_path, 40, static_lengths=True))
    assert {(b["post"].shape[1], b["response"].shape[1]) for b in static} == set(BUCKETS)
    assert rows(static) == rows(epoch_of(tmp_path, 40))


@pytest.mark.parametrize(("pairs", "batch_size"), [(23, 4), (24, 4), (3, 4), (23, 1)])
def test_an_epoch_has_every_pair(tmp_path, pairs, batch_size):
    write(tmp_path, some_pairs(pairs))
    epoch = epoch_of(tmp_path, pairs, batch_size=batch_size)
    steps = steps_per_epoch(pairs, batch_size, config())
    assert steps == -(-pairs // batch_size) + len(BUCKETS) - 1
    sizes = [len(batch["emotion"]) for batch in arrays(epoch)]
    assert len(sizes) == steps
    assert max(sizes) <= batch_size
    assert set(rows(epoch)[:pairs]) == set(expected(some_pairs(pairs))), (
        "the first pass has every pair once"
    )


@pytest.mark.parametrize("emotions", [None, [0, 1, 2, 3, 4, 5]])
def test_batches_depend_on_seed_and_epoch_only(tmp_path, emotions):
    write(tmp_path, some_pairs(40))
    first = rows(epoch_of(tmp_path, 40, emotions=emotions))
    assert rows(epoch_of(tmp_path, 40, emotions=emotions)) == first
    assert rows(epoch_of(tmp_path, 40, emotions=emotions, epoch=1)) != first
    assert rows(epoch_of(tmp_path, 40, emotions=emotions, seed=2)) != first


def test_an_epoch_can_be_resumed_in_the_middle(tmp_path):
    write(tmp_path, some_pairs(40))
    whole = rows(epoch_of(tmp_path, 40))
    assert rows(epoch_of(tmp_path, 40).skip(3)) == whole[12:]


def test_pairs_are_shuffled(tmp_path):
    pairs = [([100 + n], [4], 0) for n in range(200)]
    write(tmp_path, pairs)
    posts = [row[0][0] for row in rows(epoch_of(tmp_path, 200))]
    assert sorted(posts[:200]) == [100 + n for n in range(200)], "every pair once"
    assert abs(np.corrcoef(posts[:200], np.arange(200))[0, 1]) < 0.3


def test_rare_lengths_are_included(tmp_path):
    common = [([100 + n], [4], 0) for n in range(60)]
    write(tmp_path, [*common, ([4, 5, 6, 7, 8, 9], [300], 1)])
    assert {row[2] for row in rows(epoch_of(tmp_path, 61))} == {0, 1}


def test_balanced_emotions_are_drawn_equally(tmp_path):
    # 300 of one emotion, 20 and 1 of two others, none of the rest.
    emotions = [0] * 300 + [3] * 20 + [5]
    write(tmp_path, [([100], [500 + n], emotion) for n, emotion in enumerate(emotions)])
    unbalanced = Counter(row[2] for row in rows(epoch_of(tmp_path, 321, batch_size=8)))
    assert unbalanced[0] > 250
    balanced = rows(epoch_of(tmp_path, 321, batch_size=8, emotions=[0, 3, 5]))
    counts = Counter(row[2] for row in balanced)
    assert set(counts) == {0, 3, 5}
    assert sum(counts.values()) == 321 + (len(BUCKETS) - 1) * 8
    # A third of 337 is 112; the standard deviation of each is 8.7.
    assert all(75 < count < 145 for count in counts.values()), counts
    assert len({row[1] for row in balanced if row[2] == 3}) == 20, (
        "all pairs of an emotion are drawn"
    )
