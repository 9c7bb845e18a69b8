"""A user's mistake is one line on standard error and exit code 2, whatever the verb."""

from pathlib import Path

import pytest

from search.command_line import main
from search.command_line.verbs import VERBS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["serach"],
            f"unknown verb serach; did you mean search? the verbs are {', '.join(VERBS)}",
        ),
        (["--version"], f"unknown verb --version; the verbs are {', '.join(VERBS)}"),
        (
            ["search", "retrain.tua=1"],
            "unknown key retrain.tua; did you mean retrain.tau? the keys of retrain are",
        ),
        (["search", "prior=nice"], "prior must be one of annealed, paper, tutorial, but got nice"),
        (["search", "retrain.tau=0"], "retrain.tau must be > 0, but got 0.0"),
        (["search", "prior.num_components=1"], "prior.num_components must be >= 2, but got 1"),
        (
            ["search", "score.max_accuracy_loss=-1"],
            "score.max_accuracy_loss must be in [0, 1], but got -1.0",
        ),
        (["search", "workers=0"], "workers must be >= 1, but got 0"),
        (["search", "workers=-2"], "workers must be >= 1, but got -2"),
        (
            ["search", "study.settings=[x]"],
            "setting must be one of bayesian_compression, best_known,",
        ),
        (
            ["search", "space.retrain.tau.low=0.1"],
            "setting tutorial does not fit the study: retrain.tau must be in [0.1, 2], but got",
        ),
        (
            ["search", "storage.url=mysql://ann:secret@host/nets"],
            "storage.url must be sqlite:///FILE.db or postgresql",
        ),
        (
            ["worker", "study.name=none", "runs_dir={folder}"],
            "there is no database {folder}/softshare.db",
        ),
        (
            ["search", "data=idx", "data.dir={folder}/none", "runs_dir={folder}"],
            "{folder}/none",
        ),
        (
            [
                "pareto",
                "storage.url=postgresql+psycopg2://ann:secret@127.0.0.1:1/nets?connect_timeout=2",
            ],
            "127.0.0.1",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(folder=tmp_path) for word in words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("softshare: ")
    assert printed.err.count("\n") == 1
    assert message.format(folder=tmp_path) in printed.err
    assert "secret" not in printed.err


def test_no_verb_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr()
    assert "  search " in printed.out
    assert printed.err == (
        "softshare: a verb is missing; `softshare search` runs the quickstart study\n"
    )
