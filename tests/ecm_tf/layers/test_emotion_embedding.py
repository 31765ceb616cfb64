import numpy as np
import pytest

from ecm_tf.layers import EmotionEmbedding


def test_looks_up_the_vector_of_each_row():
    layer = EmotionEmbedding(4, 3)
    layer.build((None,))
    table = np.arange(12, dtype="float32").reshape(4, 3)
    layer.embeddings.assign(table)
    np.testing.assert_array_equal(layer(np.array([3, 0, 3])), table[[3, 0, 3]])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_integer_dtypes(dtype):
    layer = EmotionEmbedding(2, 3)
    assert layer(np.array([1, 0, 1], dtype)).shape == (3, 3)


def test_one_category():
    layer = EmotionEmbedding(1, 2)
    rows = layer(np.zeros([3], "int32"))
    np.testing.assert_array_equal(rows, np.repeat(layer.embeddings.numpy(), 3, axis=0))


def test_shape_of_the_table():
    layer = EmotionEmbedding(9, 2)
    layer.build((None,))
    assert layer.embeddings.shape == (9, 2)
    assert layer.compute_output_shape((7,)) == (7, 2)
