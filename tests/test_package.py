"""The package as it is installed: what its wheel takes along, its command, and its app from any folder."""

import ast
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import psutil
import pytest
from streamlit import config

import rare_event
from docs.make_api import PAGE, api_page
from rare_event.cli.parser import main as command_line
from rare_event.detect.layers import import_keras
from rare_event.errors import ConfigError
from rare_event.ui.serve import app_script, require_servers, serve, serve_options

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NETWORKS = {"keras", "tensorboard", "tensorflow"}


def required(lines: list[str]) -> dict[str, str]:
    """Requirements by the name of their package."""
    return {re.split(r"[<>=]", line)[0]: line for line in lines if line and not line.startswith("#")}


def test_requirements_are_those_of_the_package_with_networks() -> None:
    light = required(PROJECT["project"]["dependencies"])
    networks = required(PROJECT["project"]["optional-dependencies"]["networks"])
    every = required((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())
    assert every == light | networks
    assert set(networks) == NETWORKS
    assert not set(light) & NETWORKS


def test_the_cluster_is_an_extra_that_is_tested() -> None:
    extra = required(PROJECT["project"]["optional-dependencies"]["cluster"])
    assert extra == required((ROOT / "requirements-cluster.txt").read_text(encoding="utf-8").splitlines())
    assert set(extra) == {"dask", "distributed"} and all("<" in line for line in extra.values())
    assert extra.items() <= required(PROJECT["dependency-groups"]["test"]).items()
    assert not set(extra) & set(required(PROJECT["project"]["dependencies"]))


def test_the_tests_that_scripts_name_are_there() -> None:
    """A test that was moved would otherwise be found out by the last step of a long gate."""
    scripts = [ROOT / "Makefile", *(ROOT / ".ci").iterdir()]
    text = "\n".join(script.read_text(encoding="utf-8") for script in scripts if script.is_file())
    named = set(re.findall(r"(?<![\w/])tests/[\w/]+(?:\.py)?", text))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_wheel_takes_the_screens_and_their_configuration_along() -> None:
    taken = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert taken == {
        source: f"rare_event/_app/{source}" for source in ("app.py", "pages", ".streamlit/config.toml")
    }
    assert all((ROOT / source).exists() for source in taken)
    # What a checkout has at its root is what it serves: no second copy is in the package.
    assert not (ROOT / "rare_event" / "_app").exists()
    assert app_script() == ROOT / "app.py"


def test_the_command_is_there() -> None:
    module, _, function = PROJECT["project"]["scripts"]["rare-event"].partition(":")
    assert callable(getattr(import_module(module), function))
    assert PROJECT["project"].get("version") is None and "version" in PROJECT["project"]["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", rare_event.__version__)


def test_the_package_is_imported_from_any_folder_with_its_types(tmp_path: Path) -> None:
    assert (ROOT / "rare_event" / "py.typed").read_text() == ""
    code = (
        "import rare_event, sys; rare_event.read_table; assert not {'keras', 'streamlit'} & set(sys.modules)"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


def test_every_public_name_is_where_type_checkers_and_readers_look_for_it() -> None:
    tree = ast.parse((ROOT / "rare_event" / "__init__.py").read_text(encoding="utf-8"))
    for_types = {
        alias.name: (node.module or "").removeprefix("rare_event.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rare_event.")
        for alias in node.names
    }
    assert for_types == rare_event._HOMES
    assert sorted(rare_event.__all__) == sorted(for_types)
    assert set(for_types) <= set(dir(rare_event))
    for name in rare_event.__all__:
        assert getattr(rare_event, name).__doc__, name
    with pytest.raises(AttributeError, match="'no_such_name'"):
        import_module("rare_event").__getattr__("no_such_name")


def test_no_public_name_loads_tensorflow_or_streamlit(tmp_path: Path) -> None:
    code = "import sys; from rare_event import *; read_table; sys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "rare_event.experiment.run" in loaded
    assert not loaded & {"keras", "tensorflow", "streamlit"}


def test_the_page_of_the_python_interface_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == api_page(), "Run `make docs`."
    assert all(f"\n### {name}\n" in page for name in rare_event.__all__)
    # Neither an address in memory nor the end of a line differs from one run to the next.
    assert not re.search(r"0x[0-9a-f]+| $", page, flags=re.MULTILINE)


def hosts(options: list[str]) -> set[str]:
    return {option.partition("=")[2] for option in options if option.startswith("--server.allowedHosts=")}


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_an_app_for_this_machine_is_reached_by_no_other_name(address: str) -> None:
    options = serve_options(8600, address)
    assert {"--server.port=8600", f"--server.address={address}"} <= set(options)
    assert hosts(options) == {"127.0.0.1", "localhost", address}
    assert socket.gethostname() not in hosts(options)


def test_an_app_for_the_network_is_reached_by_this_machines_names_only() -> None:
    named = hosts(serve_options(8600, "10.0.0.5"))
    assert {"10.0.0.5", socket.gethostname(), "localhost"} <= named
    assert "*" not in named


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match=f"The port is {port}; choose one from 1 to 65535"):
        serve_options(port, "127.0.0.1")


@pytest.mark.parametrize("servers", [0, -1, 65])
def test_a_number_of_servers_out_of_range_is_refused(servers: int) -> None:
    with pytest.raises(ConfigError, match=f"The number of servers is {servers}; choose one from 1 to 64"):
        serve(8600, "127.0.0.1", None, servers)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("server.baseUrlPath", "STREAMLIT_SERVER_BASE_URL_PATH"),
        ("server.sslCertFile", "STREAMLIT_SERVER_SSL_CERT_FILE"),
    ],
)
def test_settings_that_hide_several_servers_are_named_before_anything_starts(
    option, name, monkeypatch
) -> None:
    monkeypatch.setenv(name, "mill")
    with pytest.raises(ConfigError, match=f"do not work with Streamlit's setting {option}. Remove it"):
        require_servers(2)
    require_servers(1)
    monkeypatch.delenv(name)
    require_servers(2)
    before = config.get_option(option)
    config.set_option(option, "mill")
    try:
        with pytest.raises(ConfigError, match=option):
            require_servers(2)
    finally:
        config.set_option(option, before)


def test_a_port_that_is_taken_is_said_before_anything_is_started() -> None:
    before = psutil.Process().children()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} of 127.0.0.1 cannot be served: .* --port"):
            serve(port, "127.0.0.1", None, 2)
    assert psutil.Process().children() == before


WITHOUT_TENSORFLOW = """
import sys
from pathlib import Path

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"keras", "tensorflow", "tensorboard"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())

from streamlit.testing.v1 import AppTest
from rare_event.config import RECOMMENDED, recipe
from rare_event.jobs.worker import execute_in_worker, warm_up
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run
from tests.small import DENSE, PCA, small_frame

warm_up()
path = Path(sys.argv[1]) / "mill.csv"
small_frame(2400).to_csv(path, index=False)
dataset = add_dataset(path, path.name)
for config in (PCA, *(recipe(name, RECOMMENDED) for name in ("forest", "isolation-forest", "average"))):
    run = create_run(dataset, config)
    status = execute_in_worker(run.id)
    assert status.state == "done", (config.model.kind, status.message)
    assert run.evaluation().events["total"] > 0
app = AppTest.from_file("app.py", default_timeout=60).run()
assert not app.exception and app.title
network = execute_in_worker(create_run(dataset, DENSE).id)
assert network.state == "failed"
sys.stdout.write(network.message)
"""


def test_without_tensorflow_everything_but_networks_works(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RARE_EVENT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'pip install "rare-event[networks]"' in done.stdout
    assert "Traceback" not in done.stdout


def test_a_broken_installation_is_not_called_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "keras":
                raise ModuleNotFoundError("No module named 'h5py'", name="h5py")

    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="h5py"):
        import_keras()


SERVED = """
import json, os, sys
from pathlib import Path
from streamlit import config
from streamlit.web import bootstrap
from rare_event.cli.parser import main

served = []
bootstrap.run = lambda script, *rest, **options: served.append(script)
code = main(["app", "--port", "8611", "--workspace", "runs"])
names = ["server.port", "server.address", "server.allowedHosts", "server.enableXsrfProtection",
         "client.showErrorDetails", "browser.gatherUsageStats"]
options = {name: config.get_option(name) for name in names}
sys.stdout.write(json.dumps([code, served, os.environ["RARE_EVENT_HOME"], options]))
"""


def test_the_app_keeps_its_safe_options_in_any_folder(tmp_path: Path) -> None:
    other = tmp_path / ".streamlit" / "config.toml"
    other.parent.mkdir()
    other.write_text('[server]\nenableXsrfProtection = false\nallowedHosts = ["*"]\naddress = "0.0.0.0"\n')
    done = subprocess.run(
        [sys.executable, "-c", SERVED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    code, served, workspace, options = json.loads(done.stdout.splitlines()[-1])
    assert (code, served, workspace) == (0, [str(ROOT / "app.py")], str(tmp_path / "runs"))
    assert options == {
        "server.port": 8611,
        "server.address": "127.0.0.1",
        "server.allowedHosts": ["localhost", "127.0.0.1"],
        "server.enableXsrfProtection": True,
        "client.showErrorDetails": "none",
        "browser.gatherUsageStats": False,
    }
    assert not (tmp_path / "runs").exists()


def test_the_command_has_the_app_and_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["app", "--port", "70000"]) == 2
    refused = capsys.readouterr()
    assert refused.err == "rare_event: The port is 70000; choose one from 1 to 65535.\n"
    assert not refused.out
    with pytest.raises(SystemExit) as ended:
        command_line(["--version"])
    told = capsys.readouterr()
    assert (ended.value.code, told.out, told.err) == (0, f"rare_event {rare_event.__version__}\n", "")
