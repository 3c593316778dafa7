"""What the command line says of the workspaces of people who sign in, which lie in that of the server."""

from __future__ import annotations

from rare_event.errors import RareEventError
from rare_event.text import printable

LOOK = "Each is a workspace by itself. To look at one, set RARE_EVENT_HOME to its folder:"


def people() -> dict[str, list[dict[str, str]]]:
    """Return who has a workspace of their own in this one, for a report in JSON; empty where nobody has."""
    found = _people()
    return {"people": found} if found else {}


def _people() -> list[dict[str, str]]:
    from rare_event.store.users import user_of, user_workspaces
    from rare_event.store.workspace import home

    found = []
    for folder in user_workspaces(home()):
        try:
            user = user_of(folder)
            name, email, problem = user.name, user.email, ""
        except RareEventError as error:
            name, email, problem = "", "", str(error)
        about = {"id": folder.name, "name": name, "email": email, "workspace": str(folder)}
        found.append(about | ({"problem": problem} if problem else {}))
    return found


def people_in_words() -> str:
    """Return who has a workspace of their own in this one, in lines; empty where nobody has."""
    found = _people()
    if not found:
        return ""
    lines = [f"people who sign in: {len(found):,}. {LOOK}"]
    for each in found:
        who = each.get("problem") or ", ".join(filter(None, (each["name"], each["email"]))) or "no name"
        lines.append(f"  {printable(each['workspace'])}  {printable(who)}")
    return "\n".join(lines) + "\n"
