"""Whose workspace is whose: where people sign in, each has a folder in the workspace of the server.

`user.json` in it says who that is, so that whoever runs the server can tell the folders apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rare_event.errors import RunError
from rare_event.store.serial import dump_kept, load
from rare_event.store.workspace import root, write_text

USERS, RECORD = "users", "user.json"
ID = re.compile(r"[0-9a-f]{24}")
ID_CHARACTERS = 24
AGAIN = "It is written again when its owner signs in."


@dataclass(frozen=True)
class User:
    """Who a workspace belongs to.

    Parameters
    ----------
    name, email
        As the sign-in says; empty where it does not.
    since
        When the workspace was made, in UTC.
    """

    name: str
    email: str
    since: datetime

    @property
    def in_words(self) -> str:
        """The name and the address, as far as they are known."""
        return ", ".join(filter(None, (self.name, self.email))) or "no name"


def workspace_of(issuer: str, subject: str) -> Path:
    r"""Return the workspace of a person; another one for each pair.

    Parameters
    ----------
    issuer, subject
        The `iss` and `sub` of the identity. Only together do they name one person for ever; a name and an
        address may change, or be given to somebody else.

    Examples
    --------
    >>> workspace_of("https://id.example", "17") == workspace_of("https://id.example", "18")
    False
    """
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()
    return root() / USERS / digest[:ID_CHARACTERS]


def owner_of(workspace: Path) -> str:
    """Return the id of the person that a workspace belongs to; empty if it is nobody's own."""
    own = workspace.parent.name == USERS and ID.fullmatch(workspace.name)
    return workspace.name if own else ""


def note_user(workspace: Path, name: str, email: str) -> User:
    """Keep who a workspace belongs to, if that is not what is kept already.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    known = None
    with suppress(RunError):
        known = user_of(workspace)
    if known is not None and (known.name, known.email) == (name, email):
        return known
    user = User(name, email, datetime.now(UTC) if known is None else known.since)
    write_text(workspace / RECORD, dump_kept(user))
    return user


def user_of(workspace: Path) -> User:
    """Read who a workspace belongs to.

    Raises
    ------
    RunError
        If the record is missing or damaged.
    """
    return load(User, workspace / RECORD, "record", f"user {workspace.name}", AGAIN, kept=True)


def user_workspaces(where: Path | None = None) -> Sequence[Path]:
    """Return the workspaces of people, in the workspace of a server; by default, in that of this one."""
    folders = (root() if where is None else where) / USERS
    return sorted(each for each in folders.glob("*") if ID.fullmatch(each.name) and each.is_dir())
