"""Which files each data set consists of, where they lie in the data folder, who gives them and on what terms.

Only official files that a person may download have an address; each comes with the SHA-256 of its contents.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.image_set import ENVIRONMENT

_MNIST: Final = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_OMNIGLOT: Final = ("https://raw.githubusercontent.com/brendenlake/omniglot/master/python/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file, or one folder of files, of a data set.

    Attributes:
        path: Where it lies in the data folder, with forward slashes.
        bases: Addresses of folders that offer it under its own name, tried in this order; empty if none does.
        size: Its length in bytes; 0 for a folder.
        sha256: Of its contents, in hexadecimal; empty for a folder.
    """

    path: str
    bases: tuple[str, ...] = ()
    size: int = 0
    sha256: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """What is known of a data set before a file is opened.

    Attributes:
        what: What is on its pictures, in a few words.
        counts: Number of pictures of each split.
        files: What it is read from.
        licence: On what terms, in a few words.
        origin: How a person comes by files that cannot be fetched.
    """

    what: str
    counts: dict[str, int]
    files: tuple[SourceFile, ...]
    licence: str
    origin: str = ""


_ONESHOT: Final = SourceFile(
    path="omniglot/one-shot-classification_all_runs.zip",
    bases=_OMNIGLOT,
    size=352_787,
    sha256="437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
)

CATALOG: Final[dict[str, DataSet]] = {
    "mnist": DataSet(
        what="handwritten digits",
        counts={"train": 60_000, "test": 10_000},
        files=(
            SourceFile(
                path="mnist/train-images-idx3-ubyte.gz",
                bases=_MNIST,
                size=9_912_422,
                sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            SourceFile(
                path="mnist/train-labels-idx1-ubyte.gz",
                bases=_MNIST,
                size=28_881,
                sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            SourceFile(
                path="mnist/t10k-images-idx3-ubyte.gz",
                bases=_MNIST,
                size=1_648_877,
                sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            SourceFile(
                path="mnist/t10k-labels-idx1-ubyte.gz",
                bases=_MNIST,
                size=4_542,
                sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        licence="CC BY-SA 3.0",
    ),
    "omniglot": DataSet(
        what="handwritten characters of 8 alphabets; test: the one-shot runs",
        counts={"train": 4_840, "test": 800},
        files=(
            SourceFile(
                path="omniglot/images_background_small1.zip",
                bases=_OMNIGLOT,
                size=1_319_022,
                sha256="f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
            ),
            SourceFile(
                path="omniglot/images_background_small2.zip",
                bases=_OMNIGLOT,
                size=1_580_917,
                sha256="3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
            ),
            _ONESHOT,
        ),
        licence="MIT",
    ),
    "omniglot-oneshot": DataSet(
        what="characters of other alphabets, in 20 runs",
        counts={"train": 400, "test": 400, "all": 800},
        files=(_ONESHOT,),
        licence="MIT",
    ),
    "omniglot-strokes": DataSet(
        what="pen strokes of such characters, drawn round",
        counts={"background": 4_840, "train": 29_249, "valid": 977, "test": 974},
        files=(
            SourceFile(
                path="omniglot/strokes_background_small1.zip",
                bases=_OMNIGLOT,
                size=3_056_274,
                sha256="8cb3960fb6cf4ccf5f064ad83169f828c36c36782a0f6e7faacb7ecfae4468a2",
            ),
            SourceFile(
                path="omniglot/strokes_background_small2.zip",
                bases=_OMNIGLOT,
                size=4_100_947,
                sha256="345bf2141efbea062833dbb2828abbc23d9e07825e46f2afdd4daecddfed6e78",
            ),
            SourceFile(
                path="omniglot/omniglot_strokes.npz",
                size=2_535_332,
                sha256="5cbf117b6e3d8cb522cda9b46a338858441484772aebf9d89726370fe3b57319",
            ),
        ),
        licence="MIT",
        origin="it is a repacking for this project; split 'background' reads the official zips",
    ),
    "faces": DataSet(
        what="portraits in colour, 64 x 64",
        counts={"train": 2_127, "test": 118},
        files=(
            SourceFile(
                path="faces/faces_color_64.npz",
                size=23_875_890,
                sha256="08ea8dfccd9a93f8daa59550c5568f30455a1f7aae84d1a209ea379fc7fdfada",
            ),
        ),
        licence="CC BY 3.0 (UK), public domain (US)",
        origin="it is put together for this project; 'folder:PATH' reads photographs of your own",
    ),
    "faces-gray": DataSet(
        what="old portraits in gray, 64 x 64",
        counts={"train": 1_182, "test": 131},
        files=(
            SourceFile(
                path="faces/faces_gray_64.npz",
                size=4_738_012,
                sha256="3441e612a9bead60d469fef45835815c774746b364b8d081ee449ee666eff9b3",
            ),
        ),
        licence="public domain by age",
        origin="it is put together for this project; 'folder:PATH' reads photographs of your own",
    ),
    "celeba": DataSet(
        what="portraits of celebrities",
        counts={"train": 162_770, "valid": 19_867, "test": 19_962},
        files=(SourceFile(path="celeba/img_align_celeba"),),
        licence="research only, not to be passed on",
        origin="accept the terms of https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, "
        "then unpack img_align_celeba.zip into celeba/",
    ),
    "quickdraw": DataSet(
        what="sketches of 345 things, drawn round",
        counts={"train": 8_613, "test": 957},
        files=(
            SourceFile(
                path="quickdraw/quickdraw_strokes.npz",
                size=898_602,
                sha256="25e27a5e325141015abc1930af080f2663d1b91696502b8f45b05bc8f8d6f1ae",
            ),
        ),
        licence="CC BY 4.0",
        origin="it is a repacking for this project, which nobody offers",
    ),
    "kanji": DataSet(
        what="Japanese characters of KanjiVG, drawn round",
        counts={"train": 10_358, "valid": 600, "test": 500},
        files=(
            SourceFile(
                path="kanji/kanjivg_strokes.npz",
                size=1_496_086,
                sha256="0a8d70de138808c203fa98977318fb2dd23c33e2d9b51e197d7964f20d6f630e",
            ),
        ),
        licence="CC BY-SA 3.0",
        origin="it is a repacking for this project, which nobody offers",
    ),
}
"""Every data set that has a name, in the order of lists."""


def locate(name: str, path: str, folder: Path) -> Path:
    """Return where a file or folder of a data set lies.

    Args:
        name: The data set.
        path: `SourceFile.path`.
        folder: The data folder.

    Raises:
        ConfigError: It is missing; the message says where it was looked for and how to come by it.
    """
    data_set = CATALOG[name]
    source = next(file for file in data_set.files if file.path == path)
    place = folder / path
    if place.is_dir() if not source.sha256 else place.is_file():
        return place
    if source.bases:
        command = f"spiral data fetch {name} --data-dir {shlex.quote(str(folder))}"
        how = f"`{command}` downloads {source.bases[0]}{source.name}"
    else:
        how = data_set.origin
    raise ConfigError(f"{place}: is missing; {how}; {ENVIRONMENT} must point at the data folder")
