"""Forms: every field of every config has a label, a help text and a widget that keeps its kind."""

import re
from dataclasses import dataclass, fields
from typing import get_args, get_type_hints

import pytest
from streamlit.testing.v1 import AppTest

from rare_event.clock import NO_TIME
from rare_event.config import (
    AlarmPolicy,
    Costs,
    DesignSpace,
    ExperimentConfig,
    ModelConfig,
    PCAModel,
    Representation,
    Rule,
    Score,
    Settings,
    SplitPlan,
    Training,
    networks,
)
from rare_event.config.labels import NAMES
from rare_event.text import capital
from rare_event.ui.forms import Look, apply_values, fields_of, help_of, label_of, problems_of, title_of
from rare_event.ui.settings import DATES

FORMS = [*get_args(networks.NetworkConfig), PCAModel, Representation, Training, Score, SplitPlan]


@pytest.mark.parametrize("config", FORMS)
def test_every_field_can_be_shown_and_is_explained(config) -> None:
    shown, off = fields_of(config)
    names = [
        field.name
        for field in fields(config)
        if field.name != "kind" or config in (Representation, SplitPlan)
    ]
    # Times have widgets of their own.
    assert sorted([*shown, *off, *(name for name in names if name in DATES)]) == sorted(names)
    for name in names:
        words = help_of(config, name)
        assert words.endswith(".") and "``" not in words and len(words) > 10, name
        assert label_of(name)[0].isupper() and "_" not in label_of(name)


@pytest.mark.parametrize("config", get_args(ModelConfig))
def test_the_form_of_any_model_that_was_opened_can_be_shown(config) -> None:
    shown, off = fields_of(config)
    assert "kind" not in shown + off
    assert all(help_of(config, name) for name in shown + off)
    assert title_of(config)[0]


@pytest.mark.parametrize("config", get_args(networks.NetworkConfig))
def test_every_network_has_a_name_and_says_what_it_is(config) -> None:
    name, words = title_of(config)
    assert name.endswith("autoencoder") and len(name) < 40
    assert words and not words.startswith(":")


def test_what_is_off_by_default_comes_second_and_own_fields_first() -> None:
    assert fields_of(networks.DenseModel) == (
        ["widths", "activation", "output_activation"],
        ["activity_l1", "activity_l2", "tied", "dropout", "gaussian_dropout", "alpha_dropout"]
        + ["input_noise", "weight_decay", "activations"],
    )
    shown, off = fields_of(networks.LSTMModel)
    assert shown == ["encoder", "decoder", "activation", "output_activation"] and "recurrent_dropout" in off
    assert "kind" not in shown + off
    # Inherited or not, what a network is made of comes before what any has.
    for config in (networks.GRUModel, networks.BiLSTMModel):
        assert fields_of(config) == (shown, off)
    assert fields_of(networks.CNNLSTMModel) == (["filters", "width", *shown], off)


def test_help_is_found_in_the_class_that_declares_a_field() -> None:
    assert help_of(networks.LSTMModel, "dropout") == help_of(networks.NetworkOptions, "dropout")
    option = "recurrent_dropout"
    assert help_of(networks.LSTMModel, option) == help_of(networks.RecurrentOptions, option)
    for config in (networks.LSTMModel, networks.GRUModel, networks.BiLSTMModel):
        for field in ("encoder", "decoder"):
            words = help_of(config, field)
            assert "in each direction" in words and "LSTM" not in words
    # A class that has a field of that name itself is not passed over.
    assert help_of(networks.AttentionModel, "width") != help_of(get_args(networks.NetworkConfig)[-2], "width")
    with pytest.raises(KeyError, match="DenseModel does not document momentum"):
        help_of(networks.DenseModel, "momentum")


def test_the_help_of_a_rule_can_be_reworded_for_a_file_without_a_clock() -> None:
    words = NO_TIME.reword(help_of(Rule, "kind"))
    assert "per 1,000 rows" in words and "day" not in words and "rows of rows" not in words


@dataclass(frozen=True)
class Undocumented(Settings):
    depth: int = 1


def test_a_field_without_words_is_an_error_and_takes_none_from_elsewhere() -> None:
    with pytest.raises(KeyError):
        help_of(Undocumented, "depth")


def test_what_stands_in_a_form_becomes_settings() -> None:
    made = apply_values(networks.DenseModel(), {"widths": "64, 32 64", "tied": True})
    assert made == (networks.DenseModel(widths=(64, 32, 64), tied=True), "")
    each = apply_values(networks.DenseModel(), {"widths": "8, 4", "activations": "tanh,  relu"})
    assert each == (networks.DenseModel(widths=(8, 4), activations=("tanh", "relu")), "")
    assert apply_values(Training(), {"patience": None, "epochs": 7}) == (
        Training(patience=None, epochs=7),
        "",
    )


@pytest.mark.parametrize(
    ("settings", "values", "words"),
    [
        (networks.DenseModel(), {"widths": "32; 16"}, "give whole numbers with commas between"),
        (networks.DenseModel(), {"widths": "1.5"}, "give whole numbers"),
        (networks.DenseModel(), {"activations": "tanh, rleu"}, "choose from relu, tanh, elu, selu, linear"),
        (networks.DenseModel(), {"activations": "tanh, relu"}, "for 4 hidden layers"),
        (networks.DenseModel(), {"widths": ""}, "give one or more whole numbers"),
        (networks.DenseModel(), {"widths": "0"}, "from 1 to 4,096"),
        (networks.DenseModel(), {"alpha_dropout": 0.1}, "choose the activation selu"),
        (networks.DenseModel(), {"dropout": None}, "is empty; type a number"),
        (networks.AttentionModel(), {"heads": 5}, "a multiple of 5"),
        (ExperimentConfig(), {"seed": -1}, "choose 0 to"),
    ],
)
def test_a_bad_value_is_the_configs_own_sentence_and_changes_nothing(settings, values, words) -> None:
    made, problem = apply_values(settings, values)
    assert made is settings
    assert words in problem and "Traceback" not in problem


@pytest.mark.parametrize(
    ("settings", "values", "told"),
    [
        (
            networks.DenseModel(),
            {"widths": "1.5", "dropout": 0.1},
            {"widths": "Give whole numbers with commas between"},
        ),
        (
            AlarmPolicy(),
            {"cooldown": -1.0, "repeat": float("nan")},
            {"cooldown": "Choose 0", "repeat": "Choose"},
        ),
        (Costs(), {"event": 1e300, "saved": 2.0}, {"event": "Choose 0 to 1,0", "saved": "Choose 0 to 1."}),
        # Bad only together: told where the sentence begins.
        (DesignSpace(), {"shifts": [1], "sample": 40, "seed": 0}, {"sample": "Choose 1 to 18."}),
        # The limit is that of the values in the form, not of the values before.
        (
            DesignSpace(),
            {"shifts": [1, 2, 3], "lookbacks": [1, 2, 3], "models": ["dense"], "sample": 60},
            {"sample": "Choose 1 to 27."},
        ),
        # A sentence that names no field keeps its reason.
        (DesignSpace(), {"shifts": [*range(1, 60)]}, {"shifts": "The map would have 1,062 cells. Choose"}),
        # Good together, though the second is bad with the lead window that held before.
        (AlarmPolicy(lead=20.0), {"lead": 40.0, "min_lead": 30.0}, {}),
        (DesignSpace(), {"shifts": ["7", 1], "representations": ["level"]}, {}),
    ],
)
def test_each_bad_value_is_told_at_its_field_and_no_other(settings, values, told) -> None:
    found = problems_of(settings, values)
    assert found.keys() == told.keys()
    for name, words in told.items():
        assert found[name].startswith(words) and f"{name} is" not in found[name]


def test_a_problem_names_a_field_as_its_form_does() -> None:
    look = Look({"shift": "Shift (rows)", "min_lead": "Minimum useful lead (minutes)"})
    _, problem = apply_values(ExperimentConfig(), {"shift": -1}, look)
    assert problem == "“Shift” is -1 rows; choose 0 to 10,000."
    _, problem = apply_values(AlarmPolicy(), {"min_lead": -1.0}, look)
    assert problem.startswith("“Minimum useful lead” is -1 minutes;")
    _, problem = apply_values(ExperimentConfig(), {"shift": None}, look)
    assert problem == "“Shift” is empty; type a whole number."
    _, problem = apply_values(AlarmPolicy(), {"cooldown": None}, look)
    assert problem == "“Cooldown” is empty; type a number." and "None" not in problem
    _, problem = apply_values(networks.DenseModel(), {"alpha_dropout": 0.1})
    assert problem.startswith("“Alpha dropout” is 0.1 with the activation") and "_" not in problem


@pytest.mark.parametrize("config", [Rule, SplitPlan, Representation])
def test_a_help_text_names_choices_as_the_form_does(config) -> None:
    keys = [key for key in get_args(get_type_hints(config)["kind"]) if NAMES[key] != key]
    words = help_of(config, "kind")
    names = [NAMES[key] for key in keys]
    assert keys and all(f"*{name}*" in words or f"*{capital(name)}*" in words for name in names)
    assert not any(f"*{key}*" in words for key in keys)
    assert not re.search(r"[.!?] \*?[a-z]", words), "a sentence begins with a capital"


def test_several_values_are_sorted_once_each_and_typed_ones_are_read() -> None:
    made, problem = apply_values(DesignSpace(), {"shifts": ["7", 1, "1"], "models": ["pca"]})
    assert (made.shifts, made.models, problem) == ((1, 7), ("pca",), "")
    assert apply_values(DesignSpace(), {"shifts": ["many"]})[0] == DesignSpace()


def form() -> None:
    """A page of its own, for `AppTest`."""
    import streamlit as st

    from rare_event.config import Representation, networks
    from rare_event.ui.forms import apply_values, fields_of, fill_in

    typed = st.session_state.setdefault("typed", {})
    settings = {"a": networks.DenseModel(dropout=0), "b": networks.AttentionModel(), "c": Representation()}[
        st.selectbox("Which", ["a", "b", "c"], key="which")
    ]
    values = fill_in(settings, [name for names in fields_of(type(settings)) for name in names], "f", typed)
    st.session_state["made"] = apply_values(settings, values)


def test_untouched_widgets_give_the_settings_back() -> None:
    app = AppTest.from_function(form, default_timeout=60).run()
    dense, attention = networks.DenseModel(dropout=0), networks.AttentionModel()
    for which, settings in (("a", dense), ("b", attention), ("c", Representation())):
        app.selectbox(key="which").select(which).run()
        assert not app.exception
        assert app.session_state["made"] == (settings, "")


def test_what_was_typed_outlives_its_widget() -> None:
    app = AppTest.from_function(form, default_timeout=60).run()
    app.text_input(key="f_widths").set_value("8, x").run()
    app.selectbox(key="which").select("b").run()
    assert not [field for field in app.text_input if field.key == "f_widths"]
    app.selectbox(key="which").select("a").run()
    assert app.text_input(key="f_widths").value == "8, x"
    assert app.session_state["made"][0] == networks.DenseModel()
    assert not app.exception
