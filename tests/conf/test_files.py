"""The YAML files: every one composes, says every key with its meaning, and agrees with the code."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import yaml

from core.methods import MethodConfig, MethodName
from search.command_line.help import group_lines, key_lines
from search.composition import CONF_DIR, choices, compose_tree, groups
from search.configuration import SoftshareConfig, compose
from search.conversion import leaves, tree_of
from search.setting import load_settings, setting_names, setting_values
from search.space import SearchSpace

CHOICES = [(group, name) for group in groups() for name in choices(group)]
FILES = sorted(CONF_DIR.glob("**/*.yaml"))
NEEDED = {
    ("data", "idx"): ["data.dir=/somewhere"],
    ("data", "cifar10"): ["data.dir=/somewhere"],
    ("data", "image_folder"): ["data.dir=/somewhere"],
    ("experiment", "wrn_16_4"): ["data.dir=/somewhere"],
}
"""Overrides without which a choice is refused."""


def name_of(path: Path) -> str:
    return str(path.relative_to(CONF_DIR))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOFTSHARE_CACHE", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_every_choice_of_every_group_composes(group: str, name: str) -> None:
    compose([f"{group}={name}", *NEEDED.get((group, name), [])])


@pytest.mark.parametrize("name", choices("experiment"))
def test_every_experiment_composes_with_its_settings(name: str) -> None:
    config = compose([f"experiment={name}", *NEEDED.get(("experiment", name), [])])
    assert config.study.name == name
    assert config.space
    assert load_settings(config)


def test_the_defaults_of_the_files_are_those_of_the_dataclasses() -> None:
    composed = dict(leaves(tree_of(compose(["space=annealed"]))))
    coded = dict(leaves(tree_of(SoftshareConfig())))
    composed = {key: value for key, value in composed.items() if not key.startswith("space.")}
    del coded["space"]
    assert composed == coded


def test_every_key_has_a_line_with_its_meaning_in_the_default_file() -> None:
    missing = []
    top = {line.key: line for line in key_lines(CONF_DIR / "config.yaml")}
    for field in fields(SoftshareConfig):
        value = getattr(SoftshareConfig(), field.name)
        if field.name not in top or not top[field.name].meaning:
            missing.append(field.name)
        if is_dataclass(value):
            lines = {line.key: line for line in group_lines(field.name)}
            missing += [
                key
                for key, _ in leaves(tree_of(value), f"{field.name}.")
                if key not in lines or not lines[key].meaning
            ]
    assert missing == []


@pytest.mark.parametrize("name", [name.value for name in MethodName])
def test_a_method_has_a_file_with_its_defaults_and_ranges_and_a_setting(name: str) -> None:
    config = compose([f"method={name}"])
    assert config.method == MethodConfig(name=MethodName[name])
    if config.method.own is not None:
        own = dict(leaves(tree_of(config.method.own), f"method.{name}."))
        searched = {key for key in SearchSpace(config.space).dimensions if key.startswith("method")}
        assert searched
        assert searched <= set(own)
        assert setting_values(name) == {"method.name": name}
    assert load_settings(config)


def test_all_methods_are_searched_each_with_its_own_keys_and_settings() -> None:
    config = compose(["method=all"])
    space = SearchSpace(config.space)
    assert set(space.dimensions["method.name"].choices) == {name.value for name in MethodName}
    for name in MethodName:
        own = {key for key in space.active(name.value) if key.startswith("method.")}
        others = {key for key in space.dimensions if key.startswith("method.")} - own
        assert all(key.startswith((f"method.{name.value}.", "method.name")) for key in own)
        assert not any(key.startswith(f"method.{name.value}.") for key in others)
    tried = {setting.params["method.name"] for setting in load_settings(config)}
    assert tried == {name.value for name in MethodName}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_value_of_every_file_has_its_comment(path: Path) -> None:
    values = [line for line in key_lines(path) if line.value]
    assert [line.key for line in values if not line.meaning] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_opens_with_a_sentence_on_its_purpose(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    opening = next(line for line in lines if line != "# @package _global_")
    assert re.match(r"# [A-Z].{20,}", opening)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_reader_of_comments_finds_the_keys_that_yaml_has(path: Path) -> None:
    """``--help`` must not lose a key to a style that our line reader does not know."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    tree.pop("defaults", None)
    lines = [line.key for line in key_lines(path) if line.value and not line.is_choice]
    in_yaml = [
        key
        for key, _ in leaves(tree)
        if not re.search(r"\.(low|high|log|integer|complement|choices)$", key)
    ]
    searched = {
        key.rsplit(".", 1)[0]
        for key, _ in leaves(tree)
        if re.search(r"\.(low|high|log|integer|complement|choices)$", key)
    }
    assert sorted(lines) == sorted([*in_yaml, *searched])


@pytest.mark.parametrize("name", setting_names())
def test_a_setting_changes_nothing_but_how_a_trial_runs(name: str) -> None:
    assert set(compose_tree(f"setting/{name}")) <= {"prior", "retrain", "post_processing", "method"}


def test_postgresql_is_named_by_the_variables_that_its_own_tools_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql+psycopg2://softshare@localhost:5432/softshare"
    assert compose(["storage=postgresql"]).storage.url == url
    monkeypatch.setenv("PGHOST", "db.example.org")
    monkeypatch.setenv("PGPORT", "6432")
    monkeypatch.setenv("PGUSER", "ann")
    monkeypatch.setenv("PGDATABASE", "nets")
    monkeypatch.setenv("PGPASSWORD", "secret")
    config = compose(["storage=postgresql"])
    assert config.storage.url == "postgresql+psycopg2://ann@db.example.org:6432/nets"


def test_the_cache_can_be_put_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compose().cache_dir == Path("~/.cache/softshare").expanduser()
    monkeypatch.setenv("SOFTSHARE_CACHE", "/elsewhere")
    assert compose().cache_dir == Path("/elsewhere")
