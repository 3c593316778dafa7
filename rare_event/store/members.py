"""What a bundle may hold: names, sizes and models are checked before anything is unpacked."""

from __future__ import annotations

import io
import json
import re
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rare_event.errors import RunError
from rare_event.read.limits import lists_many_files

MB = 1_000_000
# A real bundle is under 5 MB; a large network or a forest of trees has some tens of them.
MOST_FILE, MOST_TOTAL, MOST_MEMBERS = 100 * MB, 200 * MB, 100
# A path of plain names: folders of the members of a blend, then the file.
NAME = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,40}/){0,3}[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}")
CHUNK = 1 << 20

# Names of all layers that our architectures are made of; each is one that Keras or we define.
LAYERS = {
    *("Activation", "AlphaDropout", "Bidirectional", "Conv1D", "Cropping1D", "Dense", "Dropout"),
    *("EinsumDense", "Flatten", "GRU", "GaussianDropout", "GaussianNoise", "InputLayer", "LSTM"),
    *("LayerNormalization", "MaxPooling1D", "MultiHeadAttention", "RepeatVector", "Reshape"),
    *("TimeDistributed", "UpSampling1D"),
}
OTHERS = {
    "keras": {"DTypePolicy", "Sequential", "Functional"},
    "keras.initializers": {
        *("GlorotUniform", "LecunNormal", "Ones", "Orthogonal", "RandomNormal", "Zeros"),
        *("HeNormal", "HeUniform", "GlorotNormal", "RandomUniform"),
    },
    "keras.regularizers": {"L1", "L2", "L1L2"},
    "keras.layers": LAYERS,
    "keras.src.models.functional": {"Functional"},
    "keras.src.ops.numpy": {"Add"},
    "rare_event.detect.layers": {"Sampling", "TiedDense"},
}
PLAIN = {"__keras_tensor__", "__tuple__"}


def check_members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Check the table of contents of a bundle, and return it by name.

    Raises
    ------
    RunError
        If a name is not plain or occurs twice, a file is encrypted, a link or too large.
    OSError, BadZipFile
        If it cannot be opened as a zip file.
    """
    if path.stat().st_size > MOST_TOTAL:
        size = path.stat().st_size / MB
        raise RunError(f"{path.name} is {size:,.1f} MB. A bundle is at most 200 MB, so this is not one.")
    with path.open("rb") as file:
        if lists_many_files(file):
            raise RunError(f"{path.name} holds very many files. A bundle holds at most {MOST_MEMBERS}.")
        with zipfile.ZipFile(file) as bundle:
            infos = bundle.infolist()
    if len(infos) > MOST_MEMBERS:
        raise RunError(f"{path.name} holds {len(infos):,} files. A bundle holds at most {MOST_MEMBERS}.")
    names: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # The name as it is stored: Python cuts it at a zero byte.
        name = info.orig_filename
        if not NAME.fullmatch(name) or ".." in name:
            raise RunError(
                f"{path.name} holds a file with an unsafe name, {name[:60]!r}. Do not use this file."
            )
        if name in names:
            raise RunError(f"{path.name} holds {name} twice.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RunError(f"{name} in {path.name} is a link. A bundle holds only files.")
        if info.flag_bits & 0x1:
            raise RunError(f"{name} in {path.name} is encrypted. Write the bundle without a password.")
        names[name] = info
    require_size(path.name, [info.file_size for info in infos])
    return names


def require_size(where: str, sizes: Sequence[int], most: int = MOST_TOTAL) -> None:
    """Refuse files of a bundle, with sizes in bytes, that are larger than a bundle may hold."""
    if sum(sizes) > most or max(sizes, default=0) > MOST_FILE:
        raise RunError(
            f"{where} unpacks to {sum(sizes) / MB:,.0f} MB. A file in a bundle has at most "
            f"{MOST_FILE // MB} MB, all of them {most // MB} MB."
        )


def read_members(path: Path, infos: Iterable[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Read files of a bundle; what is larger than it says is not read to its end.

    Raises
    ------
    RunError
        If a file is larger than the table of contents says.
    OSError, BadZipFile, EOFError, ValueError
        If the bundle is damaged.
    """
    with zipfile.ZipFile(path) as bundle:
        return {info.orig_filename: _bounded(bundle, info, path.name) for info in infos}


def _bounded(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes:
    parts, size = [], 0
    try:
        with bundle.open(info) as file:
            while part := file.read(CHUNK):
                size += len(part)
                if size > info.file_size or size > MOST_FILE:
                    raise RunError(
                        f"{info.filename} in {where} is larger than it says. Do not use this file."
                    )
                parts.append(part)
    # A damaged stream of zlib has an error of its own, as has a missing password.
    except (RuntimeError, zlib.error) as error:
        raise zipfile.BadZipFile(str(error)) from error
    return b"".join(parts)


def check_model(where: str, name: str, content: bytes) -> None:
    """Check a file of a bundle that is an archive itself: its size when unpacked, and what it holds.

    Parameters
    ----------
    where, name
        Of the bundle and of the file, for sentences.
    content
        Its bytes.

    Raises
    ------
    RunError
        If it is damaged, unpacks to too much, or holds objects or layers that are not ours.
    """
    if not name.endswith((".npz", ".keras", ".skops")):
        return
    said = f"{name} in {where}"
    if lists_many_files(io.BytesIO(content)):
        raise RunError(f"{said} holds very many files. Do not use this file.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            require_size(said, [info.file_size for info in infos])
            for info in infos:
                if name.endswith(".npz"):
                    _check_array(said, _bounded(archive, info, said))
                elif name.endswith(".keras") and info.filename == "config.json":
                    _check_layers(said, json.loads(_bounded(archive, info, said)))
                elif info.filename.endswith(".h5"):
                    _check_weights(said, _bounded(archive, info, said))
                else:
                    _bounded(archive, info, said)
            if name.endswith(".keras") and "config.json" not in archive.namelist():
                raise RunError(f"{said} has no layers. Write the bundle again.")
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise RunError(f"{said} is damaged. Copy or write the bundle again.") from error


def _check_array(said: str, content: bytes) -> None:
    """Refuse an array of objects, and one that says it is larger than it is."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read(file)
    except (tokenize.TokenError, SyntaxError) as error:  # numpy reads it as Python
        raise ValueError(str(error)) from error
    if dtype.hasobject:
        raise RunError(f"{said} holds objects, which could run code. Do not use this file.")
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(content) - file.tell():
        raise RunError(f"{said} holds an array of another size than it says. Do not use this file.")


def _check_weights(said: str, content: bytes) -> None:
    """Refuse weights that lie in other files, or that unpack to too much."""
    import h5py  # type: ignore[import-untyped]

    total = 0

    def visit(group: Any) -> None:
        nonlocal total
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise RunError(f"{said} has weights that lie elsewhere. Do not use this file.")
            thing = group[name]
            if isinstance(thing, h5py.Group):
                visit(thing)
            elif thing.external:
                raise RunError(f"{said} has weights that lie elsewhere. Do not use this file.")
            else:
                total += thing.size * thing.dtype.itemsize
                if total > MOST_FILE:
                    raise RunError(
                        f"{said} unpacks to more than {MOST_FILE // MB} MB of weights. Do not use this file."
                    )

    with h5py.File(io.BytesIO(content), "r") as file:
        visit(file)


def _check_layers(said: str, config: Any) -> None:
    """Refuse a network with anything that is not one of our layers."""
    for module, kind in _classes(config):
        known = OTHERS.get(module or "", set())
        if kind not in known and not (module is None and kind in PLAIN):
            what = (
                "a Lambda layer, which could run code" if kind == "Lambda" else f"{kind!r}, which is not ours"
            )
            raise RunError(f"{said} holds {what}. Do not use this file.")


def _classes(config: Any) -> Iterator[tuple[str | None, str]]:
    if isinstance(config, dict):
        if "class_name" in config:
            yield config.get("module"), str(config["class_name"])
        for value in config.values():
            yield from _classes(value)
    elif isinstance(config, list):
        for value in config:
            yield from _classes(value)
