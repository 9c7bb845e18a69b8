"""Words after a verb become its arguments and overrides; what it does not take is refused."""

import pytest

from core.errors import ConfigError
from search.command_line.parsing import parse
from search.command_line.verbs import VERBS


def test_words_are_sorted_into_arguments_and_overrides() -> None:
    words = ["net.sws", "output=json"]
    request = parse(VERBS["inspect"], words)
    assert request.arguments == {"file": "net.sws"}
    assert request.overrides == ["output=json"]
    assert list(request.words) == words


def test_a_file_may_be_given_by_its_key() -> None:
    assert parse(VERBS["inspect"], ["file=a=b.sws"]).arguments == {"file": "a=b.sws"}


@pytest.mark.parametrize("word", ["./a=c.sws", "a b=c.sws", "~/a.sws", "/tmp/a=b/c.sws"])
def test_a_word_that_can_be_no_key_is_the_file(word: str) -> None:
    assert parse(VERBS["inspect"], [word]).arguments == {"file": word}


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    request = parse(VERBS["export"], ["trial=best", "to=~/best.sws"])
    assert str(request.path("to")) == "/home/somebody/best.sws"


def test_every_form_of_override_passes() -> None:
    words = ["~space.retrain.tau", "+space.retrain.seed={low:0,high:9,integer:true}", "prior=paper"]
    assert parse(VERBS["search"], words).overrides == words


@pytest.mark.parametrize(
    ("verb", "words", "message"),
    [
        ("inspect", [], "FILE is missing; usage: softshare inspect FILE [key=value ...]"),
        (
            "inspect",
            ["a.sws", "b.sws"],
            "cannot take 'b.sws'; usage: softshare inspect FILE [key=value ...]",
        ),
        (
            "decompress",
            ["a.sws"],
            "to=FILE.safetensors is missing; usage: softshare decompress FILE to=FILE.safetensors",
        ),
        (
            "decompress",
            ["a.sws", "to=b", "to=c"],
            "to is given twice; usage: softshare decompress FILE to=FILE.safetensors",
        ),
        (
            "pareto",
            ["--json"],
            "--json is no option; write key=value; usage: softshare pareto [key=value ...]",
        ),
        (
            "pareto",
            ["--config-dir=here"],
            "--config-dir must be a folder, but got here",
        ),
        (
            "pareto",
            ["quickstart"],
            "cannot take 'quickstart'; usage: softshare pareto [key=value ...]",
        ),
        (
            "decompress",
            ["a.sws", "to=b", "retrain.tau=1"],
            "decompress does not read retrain.tau; it reads no keys",
        ),
        (
            "worker",
            ["retrain.tau=1"],
            "worker does not read retrain.tau; its keys are study.name, storage, experiment, "
            "runs_dir, study.checkpoint_seconds, data.dir, code, device, cache_dir",
        ),
        (
            "inspect",
            ["a.sws", "prior=paper"],
            "inspect does not read prior; its keys are output",
        ),
    ],
)
def test_what_a_verb_does_not_take_is_refused(verb: str, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(VERBS[verb], words)
    assert str(error.value) == message


def test_a_misspelt_key_is_explained_before_it_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"did you mean study.name\?"):
        parse(VERBS["pareto"], ["study.nam=x"])
