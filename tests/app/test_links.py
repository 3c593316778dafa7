"""Links between pages: what they open, and what they leave as it was."""

from dataclasses import replace

import pytest

from rare_event.config import RECOMMENDED
from rare_event.store.datasets import Dataset, list_datasets
from rare_event.store.deleting import delete_run
from rare_event.store.runs import Run
from rare_event.ui import state
from rare_event.ui.state import ADDRESS, FIRST_DRAFT, KEY
from tests.app.conftest import PCA, ROOT, finished
from tests.app.test_pages import OpenPage, follow, link, unescaped

TYPED = replace(RECOMMENDED, name="custom", lookback=7)


def test_no_page_is_left_in_a_way_that_the_browser_does_not_know() -> None:
    code = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "rare_event").rglob("*.py")]
    assert len(code) > 100
    calls = [str(path) for path in code if "st.switch_page(" in path.read_text()]
    assert calls == [], "a poll that is on its way empties the app: use links.link_to"


def test_a_link_of_the_home_page_opens_a_run_with_its_settings(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("app.py")
    assert app.session_state[KEY].run_id is None
    linked = next(each.proto for each in app.get("page_link") if done_run.id in each.proto.query_string)
    assert linked.label == "Open" and linked.page == "Threshold"
    app.switch_page("pages/3_Threshold.py")
    app.query_params["run"] = done_run.id
    app.run()
    now = app.session_state[KEY]
    assert not app.exception and now.run_id == done_run.id and now.draft == PCA
    assert app.session_state[ADDRESS]["run"] == done_run.id


@pytest.mark.parametrize("run_id", ["nope", "../../etc", "-1"])
def test_a_link_to_a_run_that_is_not_here_says_so(open_page: OpenPage, done_run: Run, run_id: str) -> None:
    app = open_page("pages/5_Alarms.py", run=run_id)
    said = unescaped(app)
    assert not app.exception and f"There is no run '{run_id}'" in said and "train a model first" not in said
    # It is forgotten with the next run that is opened.
    app.query_params["run"] = done_run.id
    app.run()
    assert not app.exception and app.session_state[KEY].run_id == done_run.id
    assert "There is no run" not in unescaped(app)


@pytest.mark.parametrize("is_typed", [False, True])
def test_a_link_leaves_settings_that_were_typed(
    open_page: OpenPage, dataset: Dataset, is_typed: bool
) -> None:
    first, second = (finished(dataset, replace(PCA, seed=seed)) for seed in (1, 2))
    app = open_page("pages/2_Train.py", run=first.id)
    assert app.session_state[KEY].draft == first.config()
    if is_typed:
        app.session_state[KEY] = replace(app.session_state[KEY], draft=TYPED)
    app.query_params["run"] = second.id
    app.switch_page("pages/4_Evaluate.py").run()
    assert app.session_state[KEY].run_id == second.id
    assert app.session_state[KEY].draft == (TYPED if is_typed else second.config())


def test_an_address_that_the_page_wrote_itself_changes_nothing(open_page: OpenPage, dataset: Dataset) -> None:
    first, second = (finished(dataset, replace(PCA, seed=seed)) for seed in (1, 2))
    app = open_page("pages/3_Threshold.py", run=first.id)
    app.session_state[KEY] = replace(app.session_state[KEY], run_id=second.id)
    app.run()
    assert app.session_state[KEY].run_id == second.id, "the address still named the first run"


@pytest.mark.parametrize("address", [{"run": "../../etc"}, {"dataset": "0" * 64}])
def test_a_link_to_what_is_gone_opens_nothing(
    open_page: OpenPage, done_run: Run, address: dict[str, str]
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page("pages/4_Evaluate.py").run()
    assert not app.exception and app.session_state[KEY].run_id == done_run.id


def test_the_sample_is_stored_by_its_link(open_page: OpenPage) -> None:
    app = open_page("app.py")
    assert link(app, "Open the sample mill").page == "Data" and not list_datasets()
    follow(app, "Open the sample mill")
    assert app.session_state[KEY].digest == list_datasets()[0].digest
    assert app.session_state[KEY].draft == FIRST_DRAFT


@pytest.mark.parametrize("harm", ["deleted", "damaged"])
def test_a_link_opens_a_run_although_the_one_in_use_is_gone(
    open_page: OpenPage, dataset: Dataset, harm: str
) -> None:
    first, second = (finished(dataset, replace(PCA, seed=seed)) for seed in (1, 2))
    app = open_page("pages/3_Threshold.py", run=first.id)
    if harm == "deleted":
        delete_run(first)
    else:
        (first.folder / "config.json").write_text("{")
    app.query_params["run"] = second.id
    app.switch_page("pages/4_Evaluate.py").run()
    assert not app.exception and app.session_state[KEY].run_id == second.id


def test_a_new_session_stores_the_sample_of_its_address_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Dataset] = []
    original = state.open_sample

    def noted() -> Dataset:
        opened.append(original())
        return opened[-1]

    monkeypatch.setattr(state, "open_sample", noted)
    app = open_page("pages/1_Data.py", dataset="sample")
    assert app.session_state[KEY].digest == list_datasets()[0].digest and len(opened) == 1
