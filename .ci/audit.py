"""Ask for the known vulnerabilities of what requirements.txt installs; run by `make audit`.

Ends with 0 where every package was looked up and none has any, with 1 where some have, with 2 where the data
could not be reached for all of them: pip-audit itself says "No known vulnerabilities found" of those.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FOUND, UNKNOWN = 1, 2


def audited(requirements: Path) -> list[dict]:
    """Return what pip-audit says of each package, in no package where it ended early."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
        command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not report.exists():
            sys.stderr.write("".join(f"  {line}\n" for line in done.stderr.splitlines()[-1:]))
            return []
        packages: list[dict] = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
        return packages


def _mended(versions: list[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"


def verdict(packages: list[dict]) -> tuple[int, str]:
    """Return how to end, and the sentences that say why."""
    known = [each for each in packages if "vulns" in each]
    found = [
        f"{each['name']} {each['version']}: {fault['id']}, {_mended(fault['fix_versions'])}"
        for each in known
        for fault in each["vulns"]
    ]
    if not packages or len(known) < len(packages):
        of = f"{len(packages) - len(known)} of {len(packages)} packages" if packages else "any package"
        found.append(f"The data on vulnerabilities could not be reached for {of}: nothing is known of these.")
        return UNKNOWN, "\n".join(found)
    if found:
        return FOUND, "\n".join(found)
    return 0, f"No vulnerability is known of the {len(packages)} packages that requirements.txt installs."


if __name__ == "__main__":
    code, words = verdict(audited(Path(__file__).parents[1] / "requirements.txt"))
    (sys.stderr if code else sys.stdout).write(f"{words}\n")
    sys.exit(code)
