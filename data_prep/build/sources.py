"""The files from which a dataset is made, and the settings that they decide."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_prep.build.settings import BuildSettings
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files
from ecm_tf.data.directory import ASSETS
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT, Emotions


@dataclass(frozen=True)
class DatasetSources:
    """The files from which a dataset is made.

    Attributes:
        corpus: corpus files by split; `train` is required, `dev` and `test` are optional.
        ememory: the emotion words, in the format of the original program.
        emotions: a file with the categories; `None` means the six of the paper.
        assets: a dataset or model whose tokenizer, vocabularies, categories and emotion words the
            dataset gets, instead of learning them; without `ememory` and `emotions`.
    """

    corpus: Mapping[str, Sequence[Path]]
    ememory: Path | None = None
    emotions: Path | None = None
    assets: Path | None = None

    def __post_init__(self) -> None:
        for name in ("ememory", "emotions"):
            if self.assets and getattr(self, name):
                raise InputError(
                    f"--{name}: expected no file with --assets {self.assets}, whose own are used; "
                    f"got {getattr(self, name)}."
                )

    def categories(self) -> Emotions:
        """Returns the categories.

        Raises:
            InputError: `emotions` is not a valid file of categories, or `assets` has none.
        """
        if self.assets:
            return TextAssets.load(self.assets / ASSETS).emotions
        return Emotions.load(self.emotions) if self.emotions else DEFAULT

    def load_assets(self) -> TextAssets | None:
        """Returns the assets that the dataset gets; `None` if it learns them.

        Raises:
            InputError: `assets` is not a finished dataset or model, or a file of its assets was
                changed.
        """
        if self.assets is None:
            return None
        manifest = read_manifest(self.assets, "dataset", "model")
        files = manifest["files"].items()
        verify_files(self.assets, {"files": {n: d for n, d in files if Path(n).parts[0] == ASSETS}})
        return TextAssets.load(self.assets / ASSETS)

    @property
    def paths(self) -> list[Path]:
        """Paths of all files."""
        corpus = [path for paths in self.corpus.values() for path in paths]
        return corpus + [path for path in (self.ememory, self.emotions) if path]


def decided_settings(
    sources: DatasetSources,
    assets: TextAssets | None,
    settings: BuildSettings,
    given: Collection[str] | None = None,
) -> dict[str, Any]:
    """Returns the settings that the sources decide: those of the assets, and fractions of 0.

    Args:
        sources: the sources. Nothing is taken from train for a split that has files of its own.
        assets: the assets of the sources, if any.
        settings: the settings, which may differ where they are not given.
        given: names of the given settings; by default, those that are not defaults.

    Raises:
        InputError: a given setting contradicts the sources, which would silently ignore it.
    """
    if given is None:
        defaults = asdict(BuildSettings())
        given = {name for name, value in asdict(settings).items() if value != defaults[name]}
    decided: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for split in ("dev", "test"):
        if split in sources.corpus:
            decided[f"{split}_fraction"] = 0.0
            reasons[f"{split}_fraction"] = f"because --{split} is given"
    if assets:
        decided |= {
            "segmenter": assets.segmenter,
            "post_vocabulary_size": len(assets.post_words),
            "response_vocabulary_size": len(assets.response_words),
            "normalize_digits": assets.normalize_digits,
            "normalization": assets.normalization,
        }
    for name, value in decided.items():
        chosen = getattr(settings, name)
        if name in given and chosen != value:
            reason = reasons.get(name, f"that of --assets {sources.assets}")
            raise InputError(f"--{name}: expected {value}, {reason}; got {chosen}.")
    return decided
