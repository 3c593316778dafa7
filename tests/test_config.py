"""Settings refuse bad values where they are made, and go to JSON and back without loss."""

import json
import re
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.cli.options import parse_settings
from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_DENSE_TEXT,
    ARTICLE_LSTM,
    ARTICLE_THRESHOLDS,
    PRESETS,
    RECOMMENDED,
    AlarmPolicy,
    AttentionModel,
    BiLSTMModel,
    BlendModel,
    CNNLSTMModel,
    ConvModel,
    Costs,
    DenseModel,
    ExperimentConfig,
    GRUModel,
    LSTMModel,
    NetworkConfig,
    NetworkOptions,
    PCAModel,
    RecurrentOptions,
    Representation,
    Rule,
    Score,
    SplitPlan,
    Training,
    VAEModel,
    from_json,
    require,
    to_json,
)
from rare_event.config.labels import RULES
from rare_event.errors import ConfigError, RareEventError

NAN = float("nan")

BAD = [
    (SplitPlan, {"folds": 1}, "1"),
    (SplitPlan, {"folds": 0}, "0"),
    (SplitPlan, {"folds": -3}, "-3"),
    (SplitPlan, {"folds": 51}, "51"),
    (SplitPlan, {"test_share": 0.0}, "0"),
    (SplitPlan, {"test_share": 1.0}, "1"),
    (SplitPlan, {"test_share": 1.5}, "1.5"),
    (SplitPlan, {"test_share": NAN}, "nan"),
    (Representation, {"clip": 0.0}, "0"),
    (Representation, {"clip": -5.0}, "-5"),
    (Representation, {"clip": NAN}, "nan"),
    (Representation, {"trailing": 1}, "1"),
    (Representation, {"trailing": -30}, "-30"),
    (DenseModel, {"widths": ()}, "empty"),
    (DenseModel, {"widths": (32, 0)}, "32, 0"),
    (DenseModel, {"widths": (32, -1)}, "32, -1"),
    (DenseModel, {"widths": (4097,)}, "4097"),
    (DenseModel, {"activity_l1": -1e-3}, "-0.001"),
    (DenseModel, {"activity_l1": NAN}, "nan"),
    (DenseModel, {"activity_l2": -1.0}, "-1"),
    (DenseModel, {"tied": True, "widths": (32, 16)}, "32, 16"),
    (DenseModel, {"dropout": 1.0}, "1"),
    (DenseModel, {"dropout": -0.1}, "-0.1"),
    (DenseModel, {"gaussian_dropout": 1.5}, "1.5"),
    (DenseModel, {"alpha_dropout": 1.0, "activation": "selu"}, "1"),
    (DenseModel, {"alpha_dropout": 0.1}, "the activation relu"),
    (DenseModel, {"activations": ("tanh", "relu")}, "for 4 hidden layers"),
    (LSTMModel, {"activations": ("tanh",) * 3}, "for 4 hidden layers"),
    (CNNLSTMModel, {"activations": ("tanh", "relu", "swish")}, "swish"),
    (DenseModel, {"output_activation": "softmax"}, "'softmax'"),
    (
        DenseModel,
        {"activation": "selu", "alpha_dropout": 0.1, "activations": ("selu", "relu", "selu", "selu")},
        "choose selu for each",
    ),
    (GRUModel, {"alpha_dropout": 0.1, "activation": "elu"}, "the activation elu"),
    (ConvModel, {"input_noise": -0.1}, "-0.1"),
    (ConvModel, {"weight_decay": NAN}, "nan"),
    (ConvModel, {"filters": ()}, "empty"),
    (ConvModel, {"width": 0}, "0 rows"),
    (ConvModel, {"pooling": 1001}, "1001 rows"),
    (VAEModel, {"widths": (0,)}, "is 0"),
    (VAEModel, {"latent": 0}, "is 0"),
    (VAEModel, {"beta": -1.0}, "-1"),
    (LSTMModel, {"encoder": ()}, "empty"),
    (LSTMModel, {"decoder": (0,)}, "is 0"),
    (LSTMModel, {"recurrent_dropout": 1.0}, "1"),
    (GRUModel, {"encoder": (-4,)}, "is -4"),
    (GRUModel, {"decoder": ()}, "empty"),
    (BiLSTMModel, {"encoder": (4097,)}, "4097"),
    (BiLSTMModel, {"decoder": (0,)}, "is 0"),
    (CNNLSTMModel, {"filters": (0,)}, "is 0"),
    (CNNLSTMModel, {"width": -3}, "-3 rows"),
    (CNNLSTMModel, {"encoder": ()}, "empty"),
    (CNNLSTMModel, {"decoder": (0,)}, "is 0"),
    (AttentionModel, {"width": 30}, "4 attention heads"),
    (AttentionModel, {"width": 0}, "width is 0"),
    (AttentionModel, {"latent": 0}, "latent is 0"),
    (AttentionModel, {"heads": 0}, "0"),
    (AttentionModel, {"blocks": 17}, "17"),
    (PCAModel, {"components": 0}, "0"),
    (PCAModel, {"components": -16}, "-16"),
    (Training, {"epochs": 0}, "0"),
    (Training, {"epochs": 100_001}, "100001"),
    (Training, {"batch_size": 0}, "0"),
    (Training, {"batch_size": 65_537}, "65537"),
    (Training, {"learning_rate": 0.0}, "0"),
    (Training, {"learning_rate": -1.0}, "-1"),
    (Training, {"learning_rate": 1.1}, "1.1"),
    (Training, {"learning_rate": NAN}, "nan"),
    (Training, {"patience": 0}, "0"),
    (Score, {"top_k": 0}, "0"),
    (Score, {"top_k": -5}, "-5"),
    (AlarmPolicy, {"k": 0}, "k is 0"),
    (AlarmPolicy, {"k": 3, "n": 2}, "k is 3 and n is 2"),
    (AlarmPolicy, {"k": 1, "n": 1001}, "n is 1001"),
    (AlarmPolicy, {"cooldown": -1.0}, "-1"),
    (AlarmPolicy, {"cooldown": NAN}, "nan"),
    (AlarmPolicy, {"repeat": 0.0}, "0"),
    (AlarmPolicy, {"lead": 0.0}, "0"),
    (AlarmPolicy, {"lead": NAN}, "nan"),
    (AlarmPolicy, {"min_lead": -1.0}, "-1"),
    (AlarmPolicy, {"lead": 4.0, "min_lead": 5.0}, "5"),
    (AlarmPolicy, {"mute": -1}, "-1"),
    (Rule, {"value": -2.0}, "-2"),
    (Rule, {"value": NAN}, "nan"),
    (ExperimentConfig, {"shift": -1}, "-1"),
    (ExperimentConfig, {"shift": -2}, "-2"),
    (ExperimentConfig, {"shift": 10_001}, "10001"),
    (ExperimentConfig, {"lookback": 0}, "0"),
    (ExperimentConfig, {"lookback": 10_001}, "10001"),
    (ExperimentConfig, {"seed": -1}, "-1"),
    (ExperimentConfig, {"seed": 2**31}, str(2**31)),
]


@pytest.mark.parametrize(("kind", "settings", "named"), BAD, ids=[f"{k.__name__}-{s}" for k, s, _ in BAD])
def test_a_bad_value_is_refused_in_a_sentence_that_names_it(kind, settings, named) -> None:
    with pytest.raises(ConfigError) as refused:
        kind(**settings)
    sentence = str(refused.value)
    assert named in sentence and sentence.endswith(".")
    assert "choose" in sentence or "give" in sentence or "needs" in sentence
    # What is refused when made is refused when changed, and the original is untouched.
    good = kind()
    with pytest.raises(ConfigError):
        replace(good, **settings)
    assert good == kind()


@pytest.mark.parametrize("name", ["cooldown", "lead", "min_lead", "suppress_after", "mute"])
def test_no_time_of_a_policy_is_longer_than_anyone_means(name) -> None:
    others: dict[str, Any] = {"suppress_column": "grade"} if name == "suppress_after" else {}
    most: Any = 10_000_000 if name == "mute" else 5_256_000.0
    much: Any = 10**17 if name == "mute" else 1e17
    assert getattr(replace(AlarmPolicy(), **others, **{name: most}), name) == most
    with pytest.raises(ConfigError, match=rf"{name} is 1e\+17 .*; choose at most [1-9,0]+") as refused:
        replace(AlarmPolicy(), **others, **{name: much})
    assert len(str(refused.value)) < 120


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="lead is set twice. Set it once."):
        parse_settings(AlarmPolicy(), "lead=1,lead=2", "The alarm policy has")


def test_the_bounds_themselves_are_allowed() -> None:
    assert SplitPlan(folds=2).folds == 2 and SplitPlan(folds=50).folds == 50
    assert Representation(clip=None).clip is None and Representation(trailing=2).trailing == 2
    assert Training(learning_rate=1.0, patience=None, batch_size=65_536).patience is None
    assert AlarmPolicy(k=1000, n=1000, cooldown=0.0, lead=4.0, min_lead=4.0).min_lead == 4.0
    assert Rule("fixed", 0.0).value == 0.0
    assert replace(RECOMMENDED, shift=10_000, lookback=10_000, seed=2**31 - 1).seed == 2**31 - 1


def test_require() -> None:
    require(True, "never shown")
    with pytest.raises(ConfigError, match=r"^what and why\.$"):
        require(False, "what and why.")
    assert issubclass(ConfigError, RareEventError) and not issubclass(ConfigError, ValueError)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_settings_are_frozen(preset: Any) -> None:
    parts: list[Any] = [preset, *(getattr(preset, f.name) for f in fields(preset))]
    for part in parts:
        if is_dataclass(part):
            name = fields(part)[0].name
            before = getattr(part, name)
            with pytest.raises(FrozenInstanceError):
                setattr(part, name, before)
    assert hash(preset) == hash(replace(preset))  # can be the key of a cache


def test_presets_are_the_articles_and_the_recommendation() -> None:
    assert list(PRESETS) == ["recommended", "article-lstm", "article-dense-text", "article-dense"]
    assert all(name == preset.name for name, preset in PRESETS.items())
    for article in (ARTICLE_DENSE, ARTICLE_LSTM):
        assert article.article_mode and article.split == SplitPlan("random", seed=123)
        assert article.representation == Representation("level", "standard", clip=None)
        assert article.score == Score("last", None) and article.shift == 2
    assert ARTICLE_DENSE.training == Training(200, 128, 1e-3, None, "last")
    assert ARTICLE_DENSE.model == DenseModel(widths=(32, 16, 16, 32), activity_l1=1e-3)
    # The text of the dense article, layer by layer; its notebook has the other network.
    assert ARTICLE_DENSE_TEXT.model == DenseModel(
        (32, 16, 16), 1e-3, activations=("tanh", "relu", "tanh"), output_activation="relu"
    )
    assert ARTICLE_DENSE_TEXT.training == Training(100, 128, 1e-3, None, "best")
    assert (
        replace(
            ARTICLE_DENSE_TEXT,
            name=ARTICLE_DENSE.name,
            model=ARTICLE_DENSE.model,
            training=ARTICLE_DENSE.training,
        )
        == ARTICLE_DENSE
    )
    assert {"recommended", *ARTICLE_THRESHOLDS} == set(PRESETS)
    assert (ARTICLE_DENSE.lookback, ARTICLE_LSTM.lookback) == (1, 5)
    assert ARTICLE_LSTM.training == Training(200, 64, 1e-4, None, "last")
    assert ARTICLE_LSTM.model == LSTMModel(encoder=(32, 16), decoder=(16, 32), activation="relu")
    assert RECOMMENDED.representation == Representation("difference", "robust", clip=5.0)
    assert RECOMMENDED.score.top_k == 5 and RECOMMENDED.split.kind == "chronological"
    assert RECOMMENDED.training.patience is not None and RECOMMENDED.training.keep == "best"
    assert not RECOMMENDED.article_mode


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_survive_json(preset) -> None:
    text = to_json(preset)
    assert from_json(text) == preset == from_json(text.encode())
    plain = json.loads(text)
    assert plain["model"]["kind"] == preset.model.kind and plain["shift"] == preset.shift
    assert from_json(text) != replace(preset, seed=1)


positive = st.floats(1e-6, 1e6)
widths = st.lists(st.integers(1, 4096), min_size=1, max_size=5).map(tuple)
activations = st.sampled_from(["relu", "tanh", "elu", "selu", "linear"])
shares, penalties = st.floats(0, 1, exclude_max=True), st.floats(0, 10)
noise = {
    "activation": activations,
    "dropout": shares,
    "gaussian_dropout": shares,
    "input_noise": penalties,
    "weight_decay": penalties,
}
recurrent = {**noise, "recurrent_dropout": shares, "encoder": widths, "decoder": widths}
models = st.one_of(
    st.builds(DenseModel, widths=widths, activity_l1=penalties, activity_l2=penalties, **noise),
    st.builds(DenseModel, tied=st.booleans(), alpha_dropout=shares, activation=st.just("selu")),
    st.builds(VAEModel, widths=widths, latent=st.integers(1, 4096), beta=penalties, **noise),
    *(st.builds(kind, **recurrent) for kind in (LSTMModel, GRUModel, BiLSTMModel)),
    st.builds(CNNLSTMModel, filters=widths, width=st.integers(1, 1000), **recurrent),
    st.builds(ConvModel, filters=widths, pooling=st.integers(1, 1000), **noise),
    st.builds(AttentionModel, width=st.just(24), heads=st.sampled_from([1, 2, 3]), **noise),
    st.builds(PCAModel, components=st.integers(1, 10_000)),
)
policies = st.builds(
    lambda k, more, lead, share, **rest: AlarmPolicy(
        k=k, n=k + more, lead=lead, min_lead=min(lead, share * lead), **rest
    ),
    k=st.integers(1, 500),
    more=st.integers(0, 500),
    lead=positive,
    share=st.floats(0, 1),
    cooldown=st.floats(0, 1e6),
    mute=st.integers(0, 1000),
    end_share=st.floats(0.01, 1),
    suppress_column=st.just("grade"),
    suppress_values=st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple),
    suppress_after=st.floats(0, 1e6),
)
configs = st.builds(
    ExperimentConfig,
    name=st.text(max_size=30),
    shift=st.integers(1, 10_000),
    lookback=st.integers(1, 10_000),
    article_mode=st.booleans(),
    split=st.builds(
        SplitPlan,
        kind=st.sampled_from(["random", "stretch", "chronological", "rolling"]),
        folds=st.integers(2, 50),
        test_share=st.floats(0.01, 0.99),
        seed=st.integers(0, 2**31),
    ),
    representation=st.builds(
        Representation,
        kind=st.sampled_from(["level", "difference", "deviation"]),
        scaler=st.sampled_from(["standard", "robust"]),
        clip=st.none() | positive,
        trailing=st.integers(2, 1000),
        one_hot=st.booleans(),
        per_asset=st.booleans(),
    ),
    model=models,
    training=st.builds(
        Training,
        epochs=st.integers(1, 100_000),
        batch_size=st.integers(1, 65_536),
        learning_rate=st.floats(1e-9, 1),
        patience=st.none() | st.integers(1, 100),
        keep=st.sampled_from(["best", "last"]),
    ),
    score=st.builds(Score, steps=st.sampled_from(["last", "window"]), top_k=st.none() | st.integers(1, 100)),
    policy=policies,
    rule=st.builds(
        Rule, kind=st.sampled_from(["fa-per-day", "fixed"]), value=st.just(0.0) | st.floats(1e-6, 1e6)
    ),
    seed=st.integers(0, 2**31 - 1),
)


@given(configs)
def test_any_config_survives_json(config) -> None:
    again = from_json(to_json(config))
    assert again == config
    assert type(again.model) is type(config.model)
    assert to_json(again) == to_json(config)


DAMAGED = {
    "empty": "",
    "no JSON": "not a config",
    "cut off": to_json(RECOMMENDED)[:100],
    "binary": b"\xff\xfe\x00",
    "null": "null",
    "list": "[]",
    "number": "3",
    "text": '"recommended"',
    "shift of a word": '{"shift": "two"}',
    "shift with a fraction": '{"shift": 2.5}',
    "shift null": '{"shift": null}',
    "shift out of range": '{"shift": -1}',
    "split of another kind": '{"split": {"kind": "weekly"}}',
    "model of another kind": '{"model": {"kind": "transformer"}}',
    "model without its kind's settings": '{"model": []}',
    "widths out of range": '{"model": {"kind": "dense", "widths": [0]}}',
    "scaler unknown": '{"representation": {"scaler": "minmax"}}',
    "rule unknown": '{"rule": {"kind": "best-f1", "value": 1}}',
    "rule without number": '{"rule": {"kind": "fixed", "value": null}}',
    "policy contradictory": '{"policy": {"k": 3, "n": 2}}',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_json_is_refused_in_a_sentence(text) -> None:
    with pytest.raises(ConfigError) as refused:
        from_json(text)
    sentence = str(refused.value)
    assert sentence.endswith(".") and len(sentence) > 20
    assert "Traceback" not in sentence and "pydantic" not in sentence


SETTINGS = (
    SplitPlan,
    Representation,
    *get_args(NetworkConfig),
    PCAModel,
    Training,
    Score,
    AlarmPolicy,
    Costs,
    Rule,
    ExperimentConfig,
)
INF = float("inf")


def wrong_values() -> list[tuple[type, str, Any]]:
    """Every number and choice of every class of settings, with values of another kind."""
    found: list[tuple[type, str, Any]] = []
    for kind in SETTINGS:
        for name, hint in get_type_hints(kind).items():
            inner = [part for part in get_args(hint) if part is not type(None)] or [hint]
            optional = len(inner) < len(get_args(hint))
            wrong: list[Any] = []
            if get_origin(hint) is Literal:
                wrong = ["weekly", "", None, 1, True, inner[0].upper()]
            elif inner == [int]:
                wrong = [True, False, 1.5, 2.0, "2", NAN, INF, -1, [2]] + ([] if optional else [None])
            elif inner == [float]:
                wrong = [True, False, "2", NAN, INF, -INF, [2.0], 1j] + ([] if optional else [None])
            elif inner == [int, ...]:
                wrong = [(True,), (1.5,), ("2",), (None,), (4, INF), (-1,)]
            found += [(kind, name, value) for value in wrong]
    return found


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_values_of_another_kind_are_refused_everywhere(kind) -> None:
    wrong = [(name, value) for k, name, value in wrong_values() if k is kind]
    assert wrong
    for name, value in wrong:
        with pytest.raises(ConfigError) as refused:
            kind(**{name: value})
        assert str(refused.value).endswith("."), (name, value)


def test_whole_numbers_and_floats_of_numpy_are_numbers() -> None:
    two: list[Any] = [np.int64(2), np.int32(2), np.float32(2.0)]
    assert Training(epochs=two[0]).epochs == 2 and PCAModel(two[1]).components == 2
    assert AlarmPolicy(cooldown=two[2]).cooldown == 2 and Rule("fixed", two[0]).value == 2
    wrong: list[Any] = [np.float64(np.nan), np.float32(np.inf), np.bool_(True)]
    for value in [two[2], *wrong]:
        with pytest.raises(ConfigError):
            Training(epochs=value)
    for value in wrong:
        with pytest.raises(ConfigError):
            Rule("fixed", value)


@pytest.mark.parametrize("seed", [-1, -(2**31), 0.5, True])
def test_a_seed_is_a_whole_number_from_0(seed) -> None:
    for kind in (SplitPlan, ExperimentConfig):
        with pytest.raises(ConfigError, match="seed"):
            kind(seed=seed)
        assert kind(seed=0).seed == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("recall", 1.5), ("events", 50), ("quantile", 1.01), ("trailing-quantile", 99), ("f-beta", 0.0)],
)
def test_the_value_of_a_rule_fits_its_kind(kind, value) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"“{RULES[kind]}” is {value:g}")):
        Rule(kind, value)
    assert Rule(kind, 1).value == 1 and Rule("fixed", value).value == value


@pytest.mark.parametrize("days", [0.0, -1.0, 366.0])
def test_days_of_a_trailing_quantile(days) -> None:
    with pytest.raises(ConfigError, match="days"):
        Rule("trailing-quantile", 0.99, days=days)


def test_the_first_setting_of_a_model_is_its_size() -> None:
    assert PCAModel(2).components == 2 and PCAModel(2) == PCAModel(components=2)
    assert DenseModel((8,)).widths == (8,) and LSTMModel((8,), (4,)).decoder == (4,)
    assert (PCAModel(2).kind, DenseModel((8,)).kind, LSTMModel((8,)).kind) == ("pca", "dense", "lstm")
    too_many: Any = (2, "pca")
    with pytest.raises(TypeError):
        PCAModel(*too_many)


def places(plain: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Path of every object in plain data."""
    inner = [places(value, (*path, name)) for name, value in plain.items() if isinstance(value, dict)]
    return [path, *(place for some in inner for place in some)]


PLACES = places(json.loads(to_json(RECOMMENDED)))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(path) or "top")
@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_an_unknown_setting_is_refused_at_any_depth(preset, path) -> None:
    assert ("rule", "costs") in PLACES and len(PLACES) == 9
    plain = json.loads(to_json(preset))
    target = plain
    for name in path:
        target = target[name]
    target["later"] = 1
    with pytest.raises(ConfigError, match="cannot be read.*newer version") as refused:
        from_json(json.dumps(plain))
    assert "later" in str(refused.value) or "model" in str(refused.value)
    del target["later"]
    assert from_json(json.dumps(plain)) == preset


def test_the_name_of_an_unknown_setting_moves_nothing_where_it_is_read() -> None:
    with pytest.raises(ConfigError) as refused:
        from_json(json.dumps({"representation": {"kin\ufeffd\u202e\x1b[2J": "difference"}}))
    assert str(refused.value).isprintable() and "representation.kin\ufffdd" in str(refused.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    "text",
    [
        '{"rule": {"value": NUMBER}}',
        '{"rule": {"costs": {"event": NUMBER}}}',
        '{"policy": {"cooldown": NUMBER}}',
        '{"representation": {"clip": NUMBER}}',
        '{"training": {"learning_rate": NUMBER}}',
        '{"seed": NUMBER}',
        '{"shift": NUMBER}',
    ],
)
def test_json_without_a_finite_number_is_refused(text, number) -> None:
    with pytest.raises(ConfigError):
        from_json(text.replace("NUMBER", number))
    assert to_json(from_json(text.replace("NUMBER", "1"))) != to_json(RECOMMENDED)


@pytest.mark.parametrize(
    "text",
    [
        '{"shift": true}',
        '{"seed": false}',
        '{"shift": "2"}',
        '{"rule": {"value": true}}',
        '{"article_mode": "yes"}',
    ],
)
def test_json_of_another_kind_is_refused(text) -> None:
    with pytest.raises(ConfigError):
        from_json(text)


@pytest.mark.parametrize("value", ["no", 1, None, 0.0])
def test_a_switch_is_on_or_off(value) -> None:
    with pytest.raises(ConfigError):
        ExperimentConfig(article_mode=value)
    with pytest.raises(ConfigError):
        Representation(one_hot=value)


NETWORKS = get_args(NetworkConfig)
OPTIONS_OFF = {
    "activation": "relu",
    "dropout": 0.0,
    "gaussian_dropout": 0.0,
    "alpha_dropout": 0.0,
    "input_noise": 0.0,
    "weight_decay": 0.0,
}


@pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.__name__)
def test_every_network_has_the_options_and_they_are_off(kind) -> None:
    model = kind()
    assert {name: getattr(model, name) for name in OPTIONS_OFF} == OPTIONS_OFF
    assert isinstance(model, NetworkOptions)
    assert hasattr(model, "recurrent_dropout") == isinstance(model, RecurrentOptions)
    assert getattr(model, "recurrent_dropout", 0.0) == 0.0
    # Self-normalising networks are the only ones alpha dropout fits.
    assert replace(model, activation="selu", alpha_dropout=0.1).alpha_dropout == 0.1
    with pytest.raises(ConfigError, match="alpha_dropout is 0.1 with the activation relu.*choose.*selu"):
        replace(model, alpha_dropout=0.1)


@pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.__name__)
def test_every_setting_of_a_network_is_described_once(kind) -> None:
    owners = [owner for owner in kind.__mro__ if issubclass(owner, NetworkOptions)]
    for field in fields(kind):
        entry = f"\n    {field.name}\n"
        described = [o for o in owners if entry in (o.__doc__ or "").replace(", ", "\n    ")]
        assert len(described) == (field.name != "kind"), field.name


def test_kinds_of_networks_differ() -> None:
    kinds = [kind().kind for kind in NETWORKS]
    assert sorted(kinds) == ["attention", "bilstm", "cnn-lstm", "conv", "dense", "gru", "lstm", "vae"]
    for kind in NETWORKS:
        read = from_json(json.dumps({"model": {"kind": kind().kind}})).model
        assert type(read) is kind and read == kind()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            {"kind": "dense", "widths": [32, 16, 16, 32], "activation": "relu", "activity_l1": 0.001},
            ARTICLE_DENSE.model,
        ),
        (
            {"kind": "lstm", "encoder": [32, 16], "decoder": [16, 32], "activation": "relu"},
            ARTICLE_LSTM.model,
        ),
    ],
)
def test_settings_written_before_there_were_options_are_read(model, expected) -> None:
    plain = json.loads(to_json(ARTICLE_LSTM)) | {"model": model}
    assert from_json(json.dumps(plain)).model == expected
    with pytest.raises(ConfigError):
        from_json(json.dumps(plain | {"model": model | {"kind": "transformer"}}))


@pytest.mark.parametrize("model", [PCAModel(), BlendModel(("pca", "forecast"))])
def test_only_networks_are_averaged(model) -> None:
    average = replace(RECOMMENDED, model=DenseModel(), training=Training(networks=3))
    assert average.detector.seeds == (0, 1, 2)
    with pytest.raises(ConfigError, match="networks is 3, but only neural networks are averaged"):
        replace(average, model=model)
    assert average.with_model(model) == replace(average, model=model, training=Training())
    assert average.with_model(LSTMModel()).training.networks == 3


def test_tied_weights_need_widths_that_mirror() -> None:
    assert DenseModel((8, 4, 8), tied=True).tied and DenseModel((8, 4)).widths == (8, 4)
    with pytest.raises(ConfigError, match="symmetric"):
        DenseModel((8, 4), tied=True)
