"""Uploads wait on the disk until they are stored or forgotten, and never longer than a day."""

import hashlib
import io
import os
import time

import pytest

from rare_event.errors import RunError
from rare_event.store.datasets import add_dataset
from rare_event.store.uploads import forget_upload, keep_original, keep_upload, open_upload
from tests.prepare.test_corrections import FILE


def test_an_upload_is_kept_byte_by_byte_and_forgotten(workspace) -> None:
    digest = keep_upload(io.BytesIO(FILE))
    assert digest == hashlib.sha256(FILE).hexdigest()
    assert open_upload(digest).read_bytes() == FILE
    assert [path.name for path in (workspace / "uploads").iterdir()] == [digest]
    forget_upload(digest)
    forget_upload(digest)
    with pytest.raises(RunError, match="Upload it again"):
        open_upload(digest)


def test_the_upload_of_a_dataset_is_unpacked(workspace) -> None:
    dataset = add_dataset(FILE, "mill.csv")
    assert keep_original(dataset) == ((dataset.digest,), "")
    assert open_upload(dataset.digest).read_bytes() == FILE
    assert add_dataset(FILE, "mill.csv") == dataset


def test_an_upload_that_nobody_decided_on_is_deleted_with_a_later_one(workspace) -> None:
    old, recent = keep_upload(io.BytesIO(b"old")), keep_upload(io.BytesIO(b"recent"))
    yesterday = time.time() - 90_000
    os.utime(open_upload(old), (yesterday, yesterday))
    keep_upload(io.BytesIO(FILE))
    assert open_upload(recent).read_bytes() == b"recent"
    with pytest.raises(RunError):
        open_upload(old)


@pytest.mark.parametrize("digest", ["../datasets", "", "a" * 63, "A" * 64, "/etc/passwd"])
def test_only_a_digest_becomes_a_path(workspace, digest: str) -> None:
    with pytest.raises(RunError):
        open_upload(digest)
    with pytest.raises(RunError):
        forget_upload(digest)
