"""``--help`` of every verb lists its keys with the meaning that stands in the YAML files."""

import pytest

from search.command_line import main
from search.command_line.help import group_lines, key_lines
from search.command_line.verbs import VERBS, Verb
from search.composition import CONF_DIR
from search.configuration import all_keys


def squeezed(text: str) -> str:
    """The text without the line breaks that fit it into a window."""
    return " ".join(text.split())


def keys_read(verb: Verb) -> list[str]:
    return [
        key for key in all_keys() if key in verb.keys or key.split(".", maxsplit=1)[0] in verb.keys
    ]


def meaning(key: str) -> str:
    group, dot, _ = key.partition(".")
    lines = group_lines(group) if dot else iter(key_lines(CONF_DIR / "config.yaml"))
    return next(line.meaning for line in lines if line.key == key and not line.is_choice)


@pytest.mark.parametrize(("flag", "columns"), [("--help", 80), ("-h", 200)])
@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_help_of_a_verb_lists_its_keys_with_their_meaning(
    verb: Verb,
    flag: str,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([verb.name, flag]) == 0
    shown = squeezed(capsys.readouterr().out)
    assert verb.usage in shown
    assert verb.summary in shown
    for argument in verb.arguments:
        assert squeezed(f"{argument.form} {argument.meaning}") in shown
    for key in keys_read(verb):
        assert f" {key}=" in shown
        assert meaning(key) in shown
    if "space" in verb.keys:
        assert "space.retrain.tau {low:" in shown


def test_help_wins_over_mistakes_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "no such thing", "--help"]) == 0
    assert "usage: softshare pareto" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_alone_lists_the_verbs(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    for verb in VERBS.values():
        assert f"  {verb.name:10}  {verb.summary}" in shown


def test_help_on_a_verb_by_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "export"]) == 0
    assert "usage: softshare export" in capsys.readouterr().out


def test_every_verb_reads_only_keys_that_there_are() -> None:
    known = set(all_keys()) | {key.split(".", maxsplit=1)[0] for key in all_keys()}
    for verb in VERBS.values():
        assert set(verb.keys) <= known | {"experiment", "space"}
