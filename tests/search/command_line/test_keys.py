"""``keys`` prints every key of the configuration, a group of them or one."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from search.command_line import main
from search.command_line.reference import all_groups, kind_of
from search.command_line.reference_page import page
from search.composition import choices
from search.configuration import OutputFormat, SoftshareConfig, all_keys


def keys_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, Any]]:
    assert main(["keys", *words, "output=json"]) == 0
    groups = json.loads(capsys.readouterr().out)
    return {key["key"]: key for group in groups for key in group["keys"]}


def test_every_key_is_listed_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    printed = keys_of(capsys)
    assert {key for key in printed if not key.startswith("space.")} == set(all_keys())
    assert all(key["meaning"] and key["kind"] and key["default"] for key in printed.values())
    assert "space.retrain.tau" in printed
    assert "space.method.deep_compression.quality" in printed


def test_a_group_has_its_keys_and_what_its_other_files_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = keys_of(capsys, "retrain")
    assert all(key.startswith("retrain.") for key in printed)
    assert printed["retrain.tau"]["default"] == "0.4"
    others = {other["choice"]: other["value"] for other in printed["retrain.tau"]["others"]}
    assert others == {"paper": "0.005", "tutorial": "0.003"}
    assert main(["keys", "retrain"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("retrain: retraining under the prior")
    assert "retrain=tutorial" in shown
    assert "retrain.tau" in shown


@pytest.mark.parametrize("group", ["experiment", "setting"])
def test_files_that_set_keys_of_other_groups_are_listed(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", group]) == 0
    shown = capsys.readouterr().out
    assert all(f"{group}={name} " in shown for name in choices(group))


def test_a_comment_that_is_the_same_is_that_of_the_line_above(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tutorial,) = (
        other
        for other in keys_of(capsys, "retrain.lr_means")["retrain.lr_means"]["others"]
        if other["choice"] == "tutorial"
    )
    assert "Adam" in tutorial["comment"]


def test_one_key_is_told_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "retrain.tau"]) == 0
    first, meaning, rule, *others = capsys.readouterr().out.splitlines()
    assert first == "retrain.tau=0.4"
    assert "complexity loss" in meaning
    assert rule == "  must be a number"
    assert "  retrain=paper: 0.005  §4.1: tau = 0.005" in others


@pytest.mark.parametrize(
    ("word", "guess"),
    [("retrian", "retrain"), ("tau", "retrain.tau"), ("prior.form2", "prior.form")],
)
def test_an_unknown_group_is_answered_with_a_near_one(
    word: str, guess: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", word]) == 2
    told = capsys.readouterr().err
    assert told.startswith("softshare: GROUP must be one of model, data, ")
    assert f"but got {word}; did you mean " in told
    assert guess in told


def test_the_page_has_every_group_choice_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "reference.md"
    assert main(["keys", f"to={target}"]) == 0
    assert str(target) in capsys.readouterr().out
    written = target.read_text(encoding="utf-8")
    assert written == page(all_groups())
    for field in fields(SoftshareConfig):
        for choice in choices(field.name)[1:]:
            assert f"[`{field.name}={choice}`](../conf/{field.name}/{choice}.yaml)" in written
    assert all(f"| `{key}` | " in written for key in all_keys())
    assert str(Path.home()) not in written
    assert main(["keys", "retrain", f"to={target}"]) == 2


def test_kinds_are_told_in_words() -> None:
    assert kind_of(float | None) == "a number or null"
    assert kind_of(list[int]) == "[a whole number, ...]"
    assert kind_of(dict[str, int]) == "a group of keys"
    assert kind_of(OutputFormat) == "one of table, json"
