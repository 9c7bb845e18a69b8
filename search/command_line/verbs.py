"""The verbs of the command line: what each takes, what it reads and where its code is.

The code of a verb is imported when it runs, so that ``--help`` needs neither torch nor a database.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from search.command_line.request import Request


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of a verb that is no configuration key.

    Attributes:
        name: key on the command line, as in ``to=FILE``.
        form: what to write, for the usage line.
        meaning: one line.
        positional: whether the bare value will do without its key.
        required: whether the verb refuses to run without it.
    """

    name: str
    form: str
    meaning: str
    positional: bool = False
    required: bool = False

    @property
    def usage(self) -> str:
        """How it stands in a usage line."""
        return self.form if self.required else f"[{self.form}]"


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb.

    Attributes:
        name: as typed.
        summary: one line.
        keys: configuration groups and dotted keys that it reads; it refuses others.
        arguments: what it takes beside configuration keys.
        code: ``module:function`` below this package; the function takes a ``Request``.
    """

    name: str
    summary: str
    keys: tuple[str, ...]
    code: str
    arguments: tuple[Argument, ...] = ()

    @property
    def usage(self) -> str:
        """The usage line."""
        words = [argument.usage for argument in self.arguments]
        keys = ["[key=value ...]"] if self.keys else []
        return " ".join(["softshare", self.name, *words, *keys])

    def run(self, request: Request) -> None:
        """Import the verb's code and run it."""
        module, function = self.code.split(":")
        code = getattr(importlib.import_module(f"search.command_line.{module}"), function)
        cast(Callable[[Request], None], code)(request)


_FILE = Argument(
    name="file", form="FILE", meaning="a compressed file (.sws)", positional=True, required=True
)
BUDGETS = (
    Argument(
        name="max_accuracy_loss",
        form="max_accuracy_loss=FRACTION",
        meaning="the smallest file that loses at most so much, 0.003 or 0.3points",
    ),
    Argument(
        name="max_bytes",
        form="max_bytes=SIZE",
        meaning="the most accurate file of at most so many bytes, 50000 or 50kB",
    ),
    Argument(
        name="knee",
        form="knee=true",
        meaning="where on the front within the cap more compression begins to cost more accuracy",
    ),
)
"""Budgets as people state them; at most one at a time."""

_TRAINING = (
    "model", "data", "metric", "reference", "student",
    "method", "prior", "shrinking", "retrain", "post_processing",
)  # fmt: skip
_DEFINING = (*_TRAINING, "score", "halving", "study", "storage", "space", "experiment")
_PLACES = ("code", "device", "runs_dir", "cache_dir")
_STUDY = ("study.name", "storage", "experiment", "runs_dir")

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            name="search",
            summary="create or resume a study, run workers here or on a cluster, report",
            keys=(*_DEFINING, "launcher", "workers", *_PLACES),
            code="search:search",
        ),
        Verb(
            name="create",
            summary="create or resume a study and run nothing: its workers are started elsewhere",
            keys=(*_DEFINING, *_PLACES),
            code="create:create",
        ),
        Verb(
            name="worker",
            summary="join a study by its name and storage; its configuration comes from the study",
            keys=(*_STUDY, "study.checkpoint_seconds", "data.dir", "code", "device", "cache_dir"),
            code="worker:worker",
        ),
        Verb(
            name="storage",
            summary="make the tables of a database (search does so too), or upgrade them",
            keys=("storage", "runs_dir"),
            arguments=(
                Argument(
                    name="action",
                    form="init|upgrade",
                    meaning="init makes the tables that are missing; upgrade brings those of an "
                    "earlier softshare to this version",
                    positional=True,
                    required=True,
                ),
            ),
            code="storage:storage",
        ),
        Verb(
            name="status",
            summary="how far a study is: trials by state, running ones, failures and their reasons",
            keys=(*_STUDY, "score", "output"),
            code="results:status",
        ),
        Verb(
            name="pareto",
            summary="the trials within the accuracy cap that no other beats in accuracy and size",
            keys=(*_STUDY, "score", "output"),
            code="results:pareto",
        ),
        Verb(
            name="best",
            summary="the smallest file within the accuracy cap, or the one that suits a budget",
            keys=(*_STUDY, "score", "output"),
            arguments=BUDGETS,
            code="results:best",
        ),
        Verb(
            name="report",
            summary="a study as a page that opens offline, and its figures as files",
            keys=(*_STUDY, "score"),
            arguments=(
                Argument(
                    name="to",
                    form="to=FOLDER",
                    meaning="folder to write report.html and figures/ into; the study's own folder "
                    "without it",
                ),
                Argument(
                    name="results",
                    form="results=FOLDER",
                    meaning="folder of recorded results (JSON) whose rows join Table 1",
                ),
            ),
            code="report:report",
        ),
        Verb(
            name="dashboard",
            summary="the studies of a database as a live page in the browser; it changes nothing",
            keys=(*_STUDY, "score", "dashboard"),
            code="dashboard:dashboard",
        ),
        Verb(
            name="export",
            summary="write the compressed file of a trial",
            keys=(*_STUDY, "score"),
            arguments=(
                Argument(
                    name="trial",
                    form="trial=N|best",
                    meaning="number of a complete trial, or the best within the cap or a budget",
                    required=True,
                ),
                Argument(
                    name="to",
                    form="to=FILE.sws",
                    meaning="file to write; replaced if it is there",
                    required=True,
                ),
                *BUDGETS,
            ),
            code="export:export",
        ),
        Verb(
            name="inspect",
            summary="what a compressed file holds and where its bytes are",
            keys=("output",),
            arguments=(_FILE,),
            code="files:inspect",
        ),
        Verb(
            name="decompress",
            summary="write a compressed file as safetensors, or as an ONNX graph",
            keys=(),
            arguments=(
                _FILE,
                Argument(
                    name="to",
                    form="to=FILE.safetensors",
                    meaning="file to write, replaced if it is there; FILE.onnx gets a graph",
                    required=True,
                ),
            ),
            code="files:decompress",
        ),
        Verb(
            name="evaluate",
            summary="error of the decoded network on validation and test data",
            keys=("model", "student", "data", "metric", "code", "device", "cache_dir", "output"),
            arguments=(_FILE,),
            code="files:evaluate",
        ),
        Verb(
            name="compress",
            summary="one retraining with given hyperparameters, no study",
            keys=(*_TRAINING, "score", "experiment", "code", "device", "cache_dir", "output"),
            arguments=(
                Argument(
                    name="setting",
                    form="setting=NAME",
                    meaning="a file of conf/setting to start from; keys given beside it win",
                ),
                Argument(
                    name="to",
                    form="to=FILE.sws",
                    meaning="file to write; replaced if it is there; nothing is written without it",
                ),
            ),
            code="compress:compress",
        ),
        Verb(
            name="keys",
            summary="every configuration key with its type, default, meaning and source",
            keys=("output",),
            arguments=(
                Argument(
                    name="group",
                    form="GROUP",
                    meaning="a group such as retrain, or a key such as retrain.tau; all without it",
                    positional=True,
                ),
                Argument(
                    name="to",
                    form="to=FILE.md",
                    meaning="Markdown page to write, all groups in it; replaced if it is there",
                ),
            ),
            code="keys:keys",
        ),
    )
}
