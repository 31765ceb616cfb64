"""Writes the static site of a model."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256, write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.model.directory import ASSETS, CONFIG
from ecm_tf.report import emotion_colours
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.segmenters import LANGUAGES
from export.examples import EXAMPLES
from export.release.writing import CARD as MODEL_CARD
from export.tflite.conversion import convert
from export.tflite.files import IDS, PostShape
from export.web.text import text_settings

KIND = "web"
PAGE = Path(__file__).parent / "page"
"""The page, which `npm run build` makes from `web/`."""
MODEL = "model"
SITE, TEXT, CARD = "site.json", "text.json", "card.txt"
BUILD = "build.json"
"""Records the sources of the page; not part of a site."""
SERVICE_WORKER = "service-worker.js"
_METADATA = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)
"""The YAML before the text of a model card."""
RUNTIME_MODULE = "wasm/litert_wasm_compat_internal.wasm"


def write_site(
    train_dir: Path, output: Path, quantize: str = "dynamic", *, overwrite: bool = False
) -> Path:
    """Writes a directory of kind `web`, which any file server can serve.

    It holds the page; and in `model/` the model with fixed shapes (`ids.tflite`), the settings of
    its text processing (`text.json`), what the page shows (`site.json`) and the model card.

    Args:
        train_dir: model directory.
        output: directory to write; it appears only when it is complete.
        quantize: quantisation scheme, a key of `export.tflite.files.SCHEMES`.
        overwrite: whether to replace a site in `output`.

    Returns:
        `output`.

    Raises:
        InputError: the model directory is missing or unfinished, the output exists, or this
            installation has no page.
    """
    check_output(output, KIND, overwrite=overwrite)
    if not (PAGE / "index.html").is_file():
        raise InputError(f"{PAGE}: expected the page, got none; `make web` builds it.")
    with finished_directory(output, KIND, overwrite=overwrite) as directory:
        _copy_page(directory)
        model = directory / MODEL
        model.mkdir()
        config = ModelConfig.load(train_dir / CONFIG)
        assets = TextAssets.load(train_dir / ASSETS)
        shape = PostShape(len(assets.emotions), config.max_post_length)
        with tempfile.TemporaryDirectory() as temporary:
            converted = convert(
                train_dir,
                Path(temporary) / "tflite",
                quantize,
                files=[IDS],
                shape=shape,
                noise=True,
            )
            shutil.copyfile(converted / IDS, model / IDS)
        _write_json(model / TEXT, text_settings(assets))
        (model / CARD).write_text(_card(train_dir), encoding="utf-8")
        large = [f"{MODEL}/{IDS}", f"{MODEL}/{TEXT}", RUNTIME_MODULE]
        site = _site(train_dir.resolve().name, assets, shape)
        site["sizes"] = {name: (directory / name).stat().st_size for name in large}
        site["digests"] = {name: sha256(directory / name) for name in large}
        site["version"] = _version(directory, site)
        _write_json(model / SITE, site)
        small = [name for name in _files(directory) if name not in large]
        _complete_service_worker(directory / SERVICE_WORKER, site["version"], small, large)
        write_manifest(
            directory,
            KIND,
            files=_files(directory),
            settings={"quantize": quantize, "shape": shape._asdict()},
            counts={"bytes": sum((directory / name).stat().st_size for name in _files(directory))},
            sources={"model": sha256(train_dir / MANIFEST)},
        )
    return output


def _copy_page(directory: Path) -> None:
    """Copies the content of the page, without its modes: an installed package may be read-only."""
    for source in PAGE.rglob("*"):
        target = directory / source.relative_to(PAGE)
        if source.is_dir():
            target.mkdir()
        elif source.name != BUILD:
            shutil.copyfile(source, target)


def _site(name: str, assets: TextAssets, shape: PostShape) -> dict[str, Any]:
    """Returns the content of `site.json`, which `Site` of `web/src/site.ts` declares."""
    language = LANGUAGES[assets.segmenter]
    colours = emotion_colours(len(assets.emotions))
    known = frozenset(assets.response_words)
    return {
        "model": name,
        "language": language,
        "emotions": [
            {
                "name": emotion.name,
                "chinese": emotion.chinese,
                "colour": colour,
                "words": [word for word in words if word in known],
            }
            for emotion, colour, words in zip(
                assets.emotions, colours, assets.external_memory, strict=True
            )
        ],
        "postLength": shape.length,
        "examples": [
            {"text": text} | ({"english": english} if english else {})
            for text, english in EXAMPLES.get(language, [])
        ],
    }


def _card(train_dir: Path) -> str:
    """Returns the model card without its metadata, or what stands for it if there is none."""
    path = train_dir / MODEL_CARD
    if path.is_file():
        return _METADATA.sub("", path.read_text(encoding="utf-8"))
    manifest = json.loads((train_dir / MANIFEST).read_text(encoding="utf-8"))
    return f"This model has no card. Its settings and counts:\n\n{json.dumps(manifest, indent=2)}\n"


def _files(directory: Path) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    )


def _version(directory: Path, site: dict[str, Any]) -> str:
    content = [site, [(name, sha256(directory / name)) for name in _files(directory)]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _complete_service_worker(
    path: Path, version: str, small: Sequence[str], large: Sequence[str]
) -> None:
    """Writes before the script which files it keeps; a new version makes browsers install it."""
    content = json.dumps({"version": version, "files": ["./", *small], "large": large})
    script = path.read_text(encoding="utf-8")
    path.write_text(f"self.SITE = {content};\n{script}", encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
