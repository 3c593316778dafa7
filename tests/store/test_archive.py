"""A bundle scores elsewhere as here; what is damaged, foreign or too large is refused, not unpacked."""

import hashlib
import io
import json
import warnings
import zipfile
from dataclasses import replace
from typing import get_args

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from rare_event.config import DenseModel, LogisticModel, LSTMModel, NetworkConfig, Rule, recipe
from rare_event.detect.averages import joined
from rare_event.detect.models import build
from rare_event.errors import RunError
from rare_event.experiment.score import score
from rare_event.jobs.worker import execute
from rare_event.prepare.table import read_table
from rare_event.store import archive, members
from rare_event.store.archive import MANIFEST, import_archive, imported_from, open_bundle, save_archive
from rare_event.store.bundle import FACTS, open_trained
from rare_event.store.datasets import add_dataset
from rare_event.store.digests import DIGESTS
from rare_event.store.members import check_model
from rare_event.store.runs import create_run, list_runs
from rare_event.store.scored import describe, summary
from tests.small import DENSE, PCA, small_frame

CONFIGS = {
    "pca": PCA,
    "dense": DENSE,
    "tied": replace(DENSE, model=DenseModel(widths=(3,), tied=True)),
    "logistic": replace(PCA, model=LogisticModel()),
    "trailing": replace(PCA, rule=Rule("trailing-quantile", 0.9, days=0.2)),
    "either": recipe("either", PCA),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="module")
def bundles(home):
    known = {}

    def get(name):
        if name not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("RARE_EVENT_HOME", str(home / "workspace"))
                dataset = add_dataset(small_frame().to_csv(index=False).encode(), "small.csv")
                run = create_run(dataset, CONFIGS[name])
                execute(run)
                save_archive(run, home / f"{name}.zip")
            known[name] = run, home / f"{name}.zip"
        return known[name]

    return get


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere"


def table():
    return read_table(small_frame(300).to_csv(index=False).encode())


@pytest.mark.parametrize("name", CONFIGS)
def test_a_bundle_scores_as_its_run(bundles, elsewhere, name) -> None:
    run, path = bundles(name)
    here = score(open_trained(run), table())
    imported = import_archive(path)
    assert imported.folder.parent == elsewhere / "runs" and [one.id for one in list_runs()] == [imported.id]
    for model in (open_bundle(path), open_trained(imported)):
        there = score(model, table())
        assert there.frame["score"].to_numpy().tobytes() == here.frame["score"].to_numpy().tobytes()
        assert there.frame.equals(here.frame) and there.alarms.equals(here.alarms)
    assert open_trained(imported).validation == open_trained(run).validation
    assert open_trained(imported).promise == open_trained(run).promise is not None
    assert imported.evaluation() == run.evaluation() and imported.judged() is not None
    assert not (imported.folder / "scores.parquet").exists()
    origin = imported_from(imported)
    assert origin is not None and origin.manifest.run == run.id and imported_from(run) is None
    # The dataset is not there, and says so.
    with pytest.raises(RunError, match="small.csv"):
        imported.dataset().table()


def test_the_promise_of_an_older_run_goes_into_its_bundle(bundles, elsewhere, tmp_path) -> None:
    run, _ = bundles("pca")
    known = run.committed()
    assert known.promise is not None
    try:
        run.commit(replace(known, promise=None))
        save_archive(run, tmp_path / "older.zip")
        assert open_trained(import_archive(tmp_path / "older.zip")).promise == known.promise
    finally:
        run.commit(known)


def test_an_imported_run_can_be_bundled_again(bundles, elsewhere, tmp_path) -> None:
    _, path = bundles("trailing")
    imported = import_archive(path)
    save_archive(imported, tmp_path / "again.zip")
    first, second = (score(open_bundle(one), table()) for one in (path, tmp_path / "again.zip"))
    assert first.frame.equals(second.frame) and len(first.alarms)


@pytest.mark.parametrize("name", ["pca", "trailing"])
def test_a_bundle_says_why_a_change_of_the_scores_is_not_tested(bundles, elsewhere, tmp_path, name) -> None:
    run, path = bundles(name)
    imported = import_archive(path)
    save_archive(imported, tmp_path / "again.zip")
    here = score(trained := open_trained(run), table())
    for model in (open_bundle(path), open_trained(imported), open_bundle(tmp_path / "again.zip")):
        there = score(model, table())
        (why,) = summary(model, there)["drift"]["regime"]["untested"]
        assert "cannot be tested for a lasting rise: the model comes from a bundle, which has no" in why
        assert f"{here.drift.in_words} {why}\n" in describe(model, there)
        assert "too few" not in why and there.since == ""
    assert "bundle" not in describe(trained, here) and trained.past.whole


def test_the_model_card_speaks_to_a_plant_engineer(bundles) -> None:
    run, path = bundles("pca")
    with zipfile.ZipFile(path) as bundle:
        card = bundle.read("MODEL_CARD.md").decode()
    assert card.startswith("# ") and "## When not to trust it" in card
    assert "The model was made to warn up to 4 min before an event." in card
    assert run.dataset().digest in card
    # The test data are sealed, so no figure of them leaves.
    assert "- The promise: With 95% confidence: at most" in card
    assert "have not been opened" in card and "On test data" not in card
    assert "None" not in card and "nan" not in card


def test_the_model_card_names_the_quantile_that_a_trailing_threshold_multiplies(bundles) -> None:
    _, path = bundles("trailing")
    with zipfile.ZipFile(path) as bundle:
        card = bundle.read("MODEL_CARD.md").decode()
    assert " times the trailing 0.9 quantile of the scores over the last 0.2 days." in card
    assert "limit that follows" not in card


def test_a_run_of_an_older_version_says_that_it_must_be_trained_again(bundles, home) -> None:
    run, _ = bundles("pca")
    gone = [run.folder / FACTS.file, run.folder / DIGESTS]
    kept = {path: path.read_bytes() for path in gone}
    for path in gone:
        path.unlink()
    try:
        for use in (open_trained, lambda one: save_archive(one, home / "none.zip")):
            with pytest.raises(
                RunError, match="older version, so it cannot score new rows. Train the run again"
            ):
                use(run)
        assert not (home / "none.zip").exists()
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


# What must not be unpacked.


def contents(path):
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def written(path, files, *, sealed=True):
    """Write a bundle whose manifest fits its files."""
    files = dict(files)
    if sealed:
        manifest = json.loads(files[MANIFEST])
        manifest["files"] = [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
            if name != MANIFEST
        ]
        files[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path


def refused(path, said, elsewhere):
    for use in (import_archive, open_bundle):
        with pytest.raises(RunError, match=said):
            use(path)
    left = list((elsewhere / "runs").glob("*")) if (elsewhere / "runs").exists() else []
    assert left == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_bundle_cut_off_is_refused(bundles, tmp_path, elsewhere, share) -> None:
    whole = bundles("pca")[1].read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(share * len(whole))])
    refused(tmp_path / "cut.zip", "cut.zip is damaged or not a bundle", elsewhere)


def test_flipped_bytes_are_refused(bundles, tmp_path, elsewhere) -> None:
    whole = bundles("pca")[1].read_bytes()
    with zipfile.ZipFile(bundles("pca")[1]) as archive:
        # Behind the 30 bytes and the name before each member, where a time stamp may change unseen.
        begins = [
            (one.header_offset + 30 + len(one.filename), one.compress_size) for one in archive.infolist()
        ]
    for place in [begin + size // 2 - 4 for begin, size in begins]:
        damaged = bytearray(whole)
        damaged[place : place + 8] = bytes(255 - byte for byte in damaged[place : place + 8])
        (tmp_path / "flipped.zip").write_bytes(damaged)
        refused(tmp_path / "flipped.zip", "flipped.zip", elsewhere)


def test_a_wrong_digest_is_refused(bundles, tmp_path, elsewhere) -> None:
    files = contents(bundles("pca")[1])
    files["threshold.json"] = files["threshold.json"].replace(b"1", b"2", 1)
    path = written(tmp_path / "changed.zip", files, sealed=False)
    refused(path, "threshold.json in changed.zip was changed after it was written", elsewhere)
    assert import_archive(written(tmp_path / "sealed.zip", contents(bundles("pca")[1]))).status().ended


@pytest.mark.parametrize(
    "name",
    [
        "../out.json",
        "/etc/x",
        "a/../../x.json",
        "..\\x.json",
        "C:x.json",
        "a//b.json",
        "x\x00.json",
        "é.json",
    ],
)
def test_a_name_that_leads_out_is_refused(bundles, tmp_path, elsewhere, name) -> None:
    path = tmp_path / "out.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for known, content in contents(bundles("pca")[1]).items():
            bundle.writestr(known, content)
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = name
        bundle.writestr(info, b"{}")
    refused(path, "holds a file with an unsafe name|is damaged", elsewhere)


SHAPES = [
    *((network(), rows) for network in get_args(NetworkConfig) for rows in (1, 3, 5)),
    (DenseModel(tied=True, alpha_dropout=0.1, activation="selu"), 3),
    (LSTMModel(input_noise=0.1, recurrent_dropout=0.1, gaussian_dropout=0.1, dropout=0.1), 3),
]


@pytest.mark.parametrize(("network", "rows"), SHAPES)
def test_each_layer_of_ours_may_be_in_a_bundle(network, rows, tmp_path) -> None:
    built = [build(network, rows, 4, 32, seed) for seed in (0, 1)]
    for model in (built[0], joined(built)):
        model.save(tmp_path / "model.keras")
        check_model("out.zip", "model.keras", (tmp_path / "model.keras").read_bytes())


def test_a_run_that_no_bundle_may_hold_is_refused_where_it_is_written(bundles, tmp_path, monkeypatch) -> None:
    run, _ = bundles("dense")
    monkeypatch.setattr(members, "MOST_FILE", 1000)
    with pytest.raises(RunError, match="The bundle of .* unpacks to .* MB. A file in a bundle has at most"):
        save_archive(run, tmp_path / "large.zip")
    assert not (tmp_path / "large.zip").exists()


def test_other_files_are_refused(bundles, tmp_path, elsewhere) -> None:
    files = contents(bundles("pca")[1])
    refused(written(tmp_path / "m.zip", files | {"run.py": b"x"}), "does not belong in a bundle", elsewhere)
    del files["trained.json"]
    refused(written(tmp_path / "l.zip", files), "l.zip lacks trained.json", elsewhere)
    refused(written(tmp_path / "e.zip", {"x": b""}, sealed=False), "it has no manifest.json", elsewhere)


def test_a_name_that_occurs_twice_is_refused(bundles, tmp_path, elsewhere) -> None:
    path = written(tmp_path / "twice.zip", contents(bundles("pca")[1]))
    with zipfile.ZipFile(path, "a") as bundle, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bundle.writestr("threshold.json", b"{}")
    refused(path, "holds threshold.json twice", elsewhere)


def test_links_and_encrypted_files_are_refused(bundles, tmp_path, elsewhere) -> None:
    path = written(tmp_path / "link.zip", contents(bundles("pca")[1]))
    with zipfile.ZipFile(path, "a") as bundle:
        info = zipfile.ZipInfo("about.json")
        info.external_attr = 0o120777 << 16
        bundle.writestr(info, b"/etc/passwd")
    refused(path, "is a link|twice", elsewhere)
    whole = bytearray(written(tmp_path / "locked.zip", contents(bundles("pca")[1])).read_bytes())
    start = whole.index(b"PK\x01\x02")
    whole[start + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(whole)
    refused(tmp_path / "locked.zip", "is encrypted", elsewhere)


def test_a_file_that_unpacks_to_a_gigabyte_is_refused(bundles, tmp_path, elsewhere, monkeypatch) -> None:
    monkeypatch.setattr(members, "MOST_FILE", 2_000_000)
    files = contents(bundles("pca")[1]) | {"layers.json": b" " * 3_000_000}
    path = written(tmp_path / "bomb.zip", files)
    assert path.stat().st_size < 100_000
    refused(path, "unpacks to 3 MB", elsewhere)
    # A file that says it is small and is not.
    whole = bytearray(path.read_bytes())
    size, small = (3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert whole.count(size) >= 2
    (tmp_path / "liar.zip").write_bytes(whole.replace(size, small))
    refused(tmp_path / "liar.zip", "liar.zip", elsewhere)


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_arrays_of_objects_and_arrays_that_unpack_to_too_much_are_refused(
    bundles, tmp_path, elsewhere, monkeypatch
) -> None:
    files = contents(bundles("pca")[1])
    objects = npz(mean=np.array([{"an": "object"}], object))
    refused(written(tmp_path / "o.zip", files | {"pca.npz": objects}), "holds objects", elsewhere)
    monkeypatch.setattr(members, "MOST_FILE", 2_000_000)
    large = npz(mean=np.zeros(500_000))
    assert len(large) < 10_000
    refused(
        written(tmp_path / "b.zip", files | {"pca.npz": large}), "pca.npz in b.zip unpacks to 4", elsewhere
    )
    broken = files | {"scaler.npz": b"PK"}
    refused(written(tmp_path / "d.zip", broken), "scaler.npz in d.zip is damaged", elsewhere)


def changed_network(content, change):
    files, file = {}, io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as model:
        files = {name: model.read(name) for name in model.namelist()}
    change(files)
    with zipfile.ZipFile(file, "w") as model:
        for name, part in files.items():
            model.writestr(name, part)
    return file.getvalue()


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"module": "keras.layers", "class_name": "Lambda"}, "holds a Lambda layer, which could run code"),
        ({"module": "keras.layers", "class_name": "TFSMLayer"}, "holds 'TFSMLayer', which is not ours"),
        ({"module": "os", "class_name": "system"}, "holds 'system', which is not ours"),
        ({"module": "evil", "class_name": "Dense"}, "holds 'Dense', which is not ours"),
        ({"module": "builtins", "class_name": "function"}, "holds 'function', which is not ours"),
    ],
)
def test_layers_that_are_not_ours_are_refused(bundles, tmp_path, elsewhere, layer, said) -> None:
    files = contents(bundles("dense")[1])

    def change(parts):
        config = json.loads(parts["config.json"])
        config["config"]["layers"].append(layer | {"config": {"name": "more"}})
        parts["config.json"] = json.dumps(config).encode()

    model = changed_network(files["model.keras"], change)
    refused(written(tmp_path / "layer.zip", files | {"model.keras": model}), said, elsewhere)


def test_weights_that_lie_elsewhere_or_unpack_to_too_much_are_refused(
    bundles, tmp_path, elsewhere, monkeypatch
) -> None:
    files = contents(bundles("dense")[1])

    def weights(fill):
        def change(parts):
            file = io.BytesIO()
            with h5py.File(file, "w") as h5:
                fill(h5)
            parts["model.weights.h5"] = file.getvalue()

        return files | {"model.keras": changed_network(files["model.keras"], change)}

    def link(h5):
        h5["layers"] = h5py.ExternalLink("/etc/passwd", "/")

    refused(written(tmp_path / "w.zip", weights(link)), "weights that lie elsewhere", elsewhere)
    monkeypatch.setattr(members, "MOST_FILE", 2_000_000)

    def large(h5):
        h5.create_dataset("layers/w", data=np.zeros(2_000_000, np.float32), compression="gzip")

    refused(written(tmp_path / "l.zip", weights(large)), "more than 2 MB of weights|unpacks to", elsewhere)


def test_a_newer_format_is_refused(bundles, tmp_path, elsewhere) -> None:
    files = contents(bundles("pca")[1])
    manifest = json.loads(files[MANIFEST]) | {"format": archive.FORMAT + 1}
    path = written(tmp_path / "new.zip", files | {MANIFEST: json.dumps(manifest).encode()})
    refused(path, r"newer version \(format 2; this version reads up to 1\). Update", elsewhere)


def test_a_bundle_with_a_model_of_another_kind_is_not_imported(bundles, tmp_path, elsewhere) -> None:
    files = contents(bundles("pca")[1])
    del files["pca.npz"]
    path = written(tmp_path / "without.zip", files)
    refused(path, "saved model of run .* cannot be read: the file is missing or damaged", elsewhere)
