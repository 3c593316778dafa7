"""What an installed package must be able to do; run by `check_wheel` in an empty folder."""

import json
import re
import subprocess
import sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

import rare_event
from rare_event.ui.serve import app_script

COMMAND = Path(sys.executable).with_name("rare-event")


def check_origin() -> None:
    """Make sure that the package is the installed one."""
    assert Path(rare_event.__file__).is_relative_to(sys.prefix), rare_event.__file__
    assert app_script().is_relative_to(sys.prefix), app_script()
    assert (Path(rare_event.__file__).parent / "py.typed").is_file()


def check_command() -> str:
    """Train and judge by the command; return its run."""
    rare_event.sample_mill(4000).to_csv("mill.csv", index=False)
    command = [str(COMMAND), "run", "mill.csv", "--model", "pca", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    assert figures["events"]["total"] > 0
    return str(figures["run"])


def check_pages(run: str) -> None:
    """Open every page by its address, without a run and with one."""
    script = app_script()
    pages = sorted(path.name for path in (script.parent / "pages").glob("*.py"))
    assert len(pages) >= 5, pages
    for page in (None, *pages):
        for address in ({}, {"run": run}):
            app = AppTest.from_file(str(script), default_timeout=60)
            if page is not None:
                app.switch_page(f"pages/{page}")
            for name, value in address.items():
                app.query_params[name] = value
            app.run()
            assert not app.exception, (page, app.exception)
            assert app.title, page


def check_readme(readme: Path) -> None:
    """Run the Python lines of the README."""
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    check_origin()
    check_pages(check_command())
    check_readme(Path(sys.argv[1]))
