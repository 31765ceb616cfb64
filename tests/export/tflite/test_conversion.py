"""Conversion: operations, stored dtypes, the directory, and conversions that fail."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256
from export.tflite import conversion
from export.tflite.__main__ import main
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, TEXT

pytestmark = pytest.mark.xdist_group("tflite")


def operations(file):
    """Returns the numbers of the builtin operations, and the names of the custom ones."""
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    codes = [
        (max(code.builtinCode, code.deprecatedBuiltinCode), code.customCode)
        for code in model.operatorCodes
    ]
    custom = {name.decode() for code, name in codes if code == schema.BuiltinOperator.CUSTOM}
    return {code for code, _ in codes} - {schema.BuiltinOperator.CUSTOM}, custom


def stored_types(file):
    """Returns the dtypes of the stored tensors with more than a thousand elements."""
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    return {
        tensor.type
        for graph in model.subgraphs
        for tensor in graph.tensors
        if model.buffers[tensor.buffer].data is not None and np.prod(tensor.shape) > 1000
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_ids_need_builtin_operations_only(converted, scheme):
    builtin, custom = operations(converted[scheme] / IDS)
    assert custom == set()
    assert schema.BuiltinOperator.WHILE in builtin


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_also_needs_the_tokenizer_operations(converted, scheme):
    _, custom = operations(converted[scheme] / TEXT)
    assert custom == {"TFText>FastSentencepieceTokenize", "TFText>FastSentencepieceDetokenize"}


@pytest.mark.parametrize("file", [IDS, TEXT])
def test_weights_are_stored_in_the_dtype_of_the_scheme(converted, file):
    types = schema.TensorType
    assert types.FLOAT32 in stored_types(converted["none"] / file)
    assert types.FLOAT16 not in stored_types(converted["none"] / file)
    assert types.FLOAT16 in stored_types(converted["float16"] / file)
    assert types.FLOAT32 not in stored_types(converted["float16"] / file)
    assert types.INT8 in stored_types(converted["dynamic"] / file)


def test_manifest_describes_the_directory(converted, wide_dir):
    for scheme, directory in converted.items():
        manifest = read_manifest(directory, "tflite")
        assert manifest["settings"] == {"quantize": scheme, "shape": None, "noise": False}
        assert {IDS, TEXT, "config.json", "assets/text.json"} <= manifest["files"].keys()
        assert manifest["counts"]["bytes"][IDS] == (directory / IDS).stat().st_size
        assert manifest["sources"] == {"model": sha256(wide_dir / "manifest.json")}
    assert {path.name for path in converted["none"].parent.iterdir()} == set(SCHEMES)


def test_fixed_shapes_are_those_of_every_input_and_output(fixed_shapes):
    assert [path.name for path in fixed_shapes.parent.glob("*.tflite")] == [IDS]
    manifest = read_manifest(fixed_shapes.parent, "tflite")
    assert manifest["settings"]["shape"] == {"batch": 4, "length": 16}
    assert operations(fixed_shapes)[1] == set()
    graph = schema.ModelT.InitFromPackedBuf(fixed_shapes.read_bytes(), 0).subgraphs[0]
    shapes = [
        tuple(tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature)
        for tensor in (graph.tensors[index] for index in (*graph.inputs, *graph.outputs))
    ]
    assert sorted(shapes) == [(4,), (4,), (4,), (4, 8), (4, 16)]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--batch", "6"], "--batch, --post_length: expected both or neither, got one"),
        (["--post_length", "6"], "expected both or neither"),
        (["--batch", "6", "--post_length", "6", "--files", "text"], "expected ids in --files"),
        (["--batch", "6", "--post_length", "17"], "expected 1 to 16 tokens for this model, got 17"),
    ],
)
def test_impossible_shapes_are_refused(wide_dir, tmp_path, flags, message):
    output = tmp_path / "lite"
    with pytest.raises(InputError, match=message):
        main(["convert", "--train_dir", str(wide_dir), "--output", str(output), *flags])
    assert not output.exists()


def test_existing_directory_is_refused_and_kept(wide_dir, tmp_path):
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(InputError, match="expected a new or empty directory"):
        main(["convert", "--train_dir", str(wide_dir), "--output", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_failed_conversion_leaves_no_files(wide_dir, tmp_path, monkeypatch):
    def fail(*_, allow_custom_ops, **__):
        if allow_custom_ops:
            raise OSError("disk full")
        return b"half"

    monkeypatch.setattr(conversion, "_flatbuffer", fail)
    with pytest.raises(OSError, match="disk full"):
        convert(wide_dir, tmp_path / "lite")
    assert not (tmp_path / "lite").exists()
