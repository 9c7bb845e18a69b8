"""The whole configuration of softshare: one typed tree, composed from YAML and overrides.

``compose`` is the only way from a command line to a configuration, ``to_stored`` and
``from_stored`` the only way to a database and back. No configuration travels below the entry
points; the rooms get their own dataclasses.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from core.data import DataConfig
from core.device import Device
from core.errors import ConfigError, require
from core.factories import CodeConfig
from core.methods import MethodConfig
from core.metric import MetricConfig
from core.networks import NetworkConfig
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceConfig
from core.retraining import RetrainConfig
from core.retraining.error_loss import check_share
from core.shrinking import ShrinkingConfig
from core.student import StudentConfig
from search.composition import compose_tree
from search.conversion import Tree, build, leaves, nested, replaced, show, tree_of, type_at
from search.halving import HalvingConfig
from search.launching.config import LauncherConfig
from search.sampling import Policy
from search.scoring import ScoreConfig
from search.serving import DashboardConfig
from search.space import SearchSpace
from search.storage import StorageConfig

LOCAL = (
    "storage",
    "dashboard",
    "code",
    "launcher",
    "workers",
    "device",
    "runs_dir",
    "cache_dir",
    "output",
)
"""Keys of one process alone: they may differ from one worker of a study to the next."""

_LOCAL_FILES = (("data", "dir"), ("model", "checkpoint"))
_LOCAL_OF_STUDY = ("name", "num_trials", "checkpoint_seconds", "start_from")


class OutputFormat(Enum):
    """How a verb prints what it found: for people, or for programs."""

    table = "table"
    json = "json"


@dataclass(kw_only=True)
class StudyConfig:
    """A study: what it is called, how many trials it runs and which come first.

    Attributes:
        name: identifies the study in its storage and names its folder under ``runs_dir``.
        num_trials: trials that finish, over all workers and all resumptions; may grow later.
        seed: seed that every trial's own seeds are derived from.
        policy: what proposes trials after the first settings.
        checkpoint_seconds: a running trial is stored about so often, to be gone on with elsewhere.
        start_from: name of another study in the same database whose finished trials a new study
            begins with; None for none.
        settings: names of the settings that are tried first, in this order.
    """

    name: str = "quickstart"
    num_trials: int = 12
    seed: int = 0
    policy: Policy = Policy.softshare
    checkpoint_seconds: float = 120.0
    start_from: str | None = None
    settings: list[str] = field(
        default_factory=lambda: ["best_known", "smaller", "more_accurate", "tutorial", "paper"]
    )

    def __post_init__(self) -> None:
        is_name = 0 < len(self.name) <= 120 and self.name.isprintable()
        is_folder = not self.name.startswith(".") and not set(self.name) & set("/\\")
        require(
            is_name and is_folder,
            "study.name",
            "1 to 120 printable characters without slashes and without a dot in front",
            repr(self.name),
            "it names a folder",
        )
        require(self.num_trials >= 1, "study.num_trials", ">= 1", self.num_trials)
        require(self.seed >= 0, "study.seed", ">= 0", self.seed)
        require(
            self.checkpoint_seconds > 0,
            "study.checkpoint_seconds",
            "> 0",
            self.checkpoint_seconds,
        )


@dataclass(kw_only=True)
class SoftshareConfig:
    """Everything a user can set, as typed on the command line.

    Attributes:
        model: the network to compress.
        data: the data set.
        metric: what networks are judged by on it.
        reference: training of the reference network.
        prior: the mixture prior and its hyper-priors.
        retrain: the retraining under the prior.
        student: a smaller network that learns from it, which trials may compress instead.
        shrinking: what is cut from the network before the retraining.
        post_processing: merging, fine-tuning and low-precision biases.
        method: how weights come to clusters, and what is each method's own.
        score: how trials are judged.
        halving: on which schedules trials are tried before the whole one.
        study: name, budget, seed and first settings of the study.
        storage: the database.
        dashboard: the live page of ``dashboard``.
        space: searched keys, nested like this tree, each with its range (``search.space``).
        code: what of this machine's own code factories may come from.
        launcher: where the workers of ``search`` run.
        workers: how many those are.
        device: what a process of this machine computes on.
        runs_dir: folder of reports and best files.
        cache_dir: folder of downloaded data and reference networks.
        output: how verbs print.
    """

    model: NetworkConfig = field(default_factory=NetworkConfig)
    data: DataConfig = field(default_factory=DataConfig)
    metric: MetricConfig = field(default_factory=MetricConfig)
    reference: ReferenceConfig = field(default_factory=ReferenceConfig)
    prior: PriorConfig = field(default_factory=PriorConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    shrinking: ShrinkingConfig = field(default_factory=ShrinkingConfig)
    post_processing: PostProcessingConfig = field(default_factory=PostProcessingConfig)
    method: MethodConfig = field(default_factory=MethodConfig)
    score: ScoreConfig = field(default_factory=ScoreConfig)
    halving: HalvingConfig = field(default_factory=HalvingConfig)
    study: StudyConfig = field(default_factory=StudyConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    dashboard: DashboardConfig = field(default_factory=DashboardConfig)
    space: dict[str, Any] = field(default_factory=dict)
    code: CodeConfig = field(default_factory=CodeConfig)
    launcher: LauncherConfig = field(default_factory=LauncherConfig)
    workers: int = 2
    device: Device = Device.auto
    runs_dir: Path = Path("runs")
    cache_dir: Path = field(default_factory=lambda: Path("~/.cache/softshare").expanduser())
    output: OutputFormat = OutputFormat.table

    def __post_init__(self) -> None:
        require(self.workers >= 1, "workers", ">= 1", self.workers)
        require(
            self.student.name != self.model.name or self.student.factory == self.model.factory,
            "student.name",
            "another than model.name, for files say by it which of the two they hold",
            self.student.name,
        )
        if self.metric.loss is not None:
            check_share(self.retrain.distillation)

    @property
    def study_folder(self) -> Path:
        """The folder of the study's report, best file and workers' logs."""
        return self.runs_dir / self.study.name


def compose(overrides: Sequence[str] = ()) -> SoftshareConfig:
    """Compose the default configuration with overrides in Hydra's grammar, and validate it.

    The space is tried at its ends, so that no trial can meet a value that its dataclass refuses.

    Raises:
        ConfigError: an unknown key or choice, a value of the wrong type or outside its rule.
    """
    tree = compose_tree("config", overrides, check_key)
    config = build(SoftshareConfig, tree)
    SearchSpace(config.space).check(lambda params: with_params(config, params))
    return config


def check_key(key: str) -> None:
    """Raise a ``ConfigError`` unless the configuration has this dotted key."""
    section, _, rest = key.partition(".")
    if section == "space":  # it names keys of other groups, and checks them itself
        return
    full = [known for known in all_keys() if known.endswith(f".{key}")]
    if not rest and full:
        raise ConfigError(f"unknown key {key}; did you mean {' or '.join(full)}?")
    type_at(SoftshareConfig, key)


def all_keys() -> list[str]:
    """Return every dotted key of the configuration but those of the space, in its order."""
    return [key for key, _ in leaves(tree_of(SoftshareConfig())) if key != "space"]


def with_params(config: SoftshareConfig, params: Mapping[str, Any]) -> SoftshareConfig:
    """Return a copy with the values of dotted keys put in place, validated again.

    Raises:
        ConfigError: a key is unknown or a value is refused.
    """
    return replaced(config, nested(params))


def names_only(keys: Collection[str]) -> bool:
    """Return whether the keys that a user sets name a study and say nothing of its trials.

    Args:
        keys: dotted keys and groups.
    """
    local = {
        *(f"{group}.{name}" for group, name in _LOCAL_FILES),
        *(f"study.{name}" for name in _LOCAL_OF_STUDY),
    }
    return "study.name" in keys and all(
        key in local or key.split(".", maxsplit=1)[0] in LOCAL for key in keys
    )


def to_stored(config: SoftshareConfig) -> Tree:
    """Return what defines the trials and the score of a study, as a JSON-able tree.

    Names, budgets and places are left out: they may differ from one worker to the next.
    """
    tree: Tree = tree_of(config)
    for key in LOCAL:
        del tree[key]
    for group, name in _LOCAL_FILES:
        del tree[group][name]
    for name in _LOCAL_OF_STUDY:
        del tree["study"][name]
    return tree


def from_stored(stored: Mapping[str, Any], local: SoftshareConfig) -> SoftshareConfig:
    """Return a study's configuration with the names, budgets and places of the local one.

    Raises:
        ConfigError: the stored configuration does not fit this version.
    """
    tree = dict(stored)
    here = tree_of(local)
    for group, name in _LOCAL_FILES:
        tree[group] = {**tree[group], name: here[group][name]}
    tree["study"] = {**stored["study"], **{name: here["study"][name] for name in _LOCAL_OF_STUDY}}
    for key in LOCAL:
        tree[key] = here[key]
    return build(SoftshareConfig, tree)


def differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return one line for each key whose values differ between two stored trees.

    Example line: ``retrain.tau: 0.2 in the study, 0.3 here``.
    """
    there, here = dict(leaves(stored)), dict(leaves(current))
    keys = [*there, *(key for key in here if key not in there)]

    def shown(values: Mapping[str, Any], key: str) -> str:
        return show(values[key]) if key in values else "absent"

    return [
        f"{key}: {shown(there, key)} in the study, {shown(here, key)} here"
        for key in keys
        if there.get(key) != here.get(key) or (key in there) != (key in here)
    ]
