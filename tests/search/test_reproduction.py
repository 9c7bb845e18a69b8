"""The command that makes a trial's file again has exactly the trial's configuration."""

import shlex

from search.command_line.compress import compress_overrides
from search.command_line.parsing import parse
from search.command_line.verbs import VERBS
from search.configuration import compose, to_stored, with_params
from search.reproduction import reproducing_command

GROUPS = ("prior", "shrinking", "retrain", "post_processing")


def test_the_command_composes_to_the_configuration_of_the_trial() -> None:
    config = with_params(
        compose(["prior=tutorial", "model=lenet_5_caffe", "data.num_validation=500"]),
        {"retrain.tau": 0.0123456789, "retrain.seed": 7, "prior.num_components": 11},
    )
    stored = to_stored(config)
    trial = {group: stored[group] for group in GROUPS}
    command = reproducing_command(stored, trial, "again.sws")
    assert command is not None
    program, verb, *words = shlex.split(command)
    assert (program, verb, words[-1]) == ("softshare", "compress", "to=again.sws")
    request = parse(VERBS["compress"], words)
    composed = to_stored(compose(compress_overrides(request)))
    for group in (*GROUPS, "model", "data", "reference"):
        assert composed[group] == stored[group]


def test_a_configuration_of_another_version_has_no_command() -> None:
    stored = to_stored(compose())
    trial = {group: stored[group] for group in GROUPS}
    assert reproducing_command(stored, {}, "a.sws") is None
    assert reproducing_command(stored, {**trial, "later": {"key": 1}}, "a.sws") is None
