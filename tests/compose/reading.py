"""What Compose and Docker make of our two files: variables filled in, commands, environments.

Sources: the Compose specification ("Interpolation", "Services top-level elements"), the Dockerfile
reference.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from e2b_dockerfile_utils import DockerfileInstruction, PatternMatcher, parse_dockerfile_ast

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([-?+])([^}$]*))?\}")


class MissingVariableError(Exception):
    """A variable that the file asks for is not set."""


def interpolated(value: Any, environ: Mapping[str, str]) -> Any:
    """Fill in the variables of a part of the file; empty ones count as not set, as with ``:-``."""
    match value:
        case dict():
            return {key: interpolated(item, environ) for key, item in value.items()}
        case list():
            return [interpolated(item, environ) for item in value]
        case str():
            assert "$" not in _VARIABLE.sub("", value), f"a form that no test reads: {value}"
            return _VARIABLE.sub(lambda found: _filled_in(found, environ), value)
    return value


def _filled_in(found: re.Match[str], environ: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    name, sign, text = found.groups()
    given = environ.get(name, "")
    if sign == "?" and not given:
        raise MissingVariableError(f"{name}: {text}")
    if sign == "+":
        return text if given else ""
    return given or (text if sign == "-" else "")


@dataclass(frozen=True)
class Service:
    """A service of the file, its variables filled in.

    Attributes:
        tree: as the file has it.
        environ: the variables of who runs Compose.
    """

    tree: Mapping[str, Any]
    environ: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """Its command."""
        command = self.tree["command"]
        return shlex.split(command) if isinstance(command, str) else command

    @property
    def environment(self) -> dict[str, str]:
        """What it adds to the environment of its image; a bare name is passed on if it is set."""
        listed = self.tree.get("environment", {})
        passed_on = {name: self.environ.get(name) for name, value in listed.items()}
        values = {n: passed_on[n] if v is None else str(v) for n, v in listed.items()}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def mounts(self) -> dict[str, str]:
        """Where each of its volumes comes from, by where it is mounted."""
        parts = [volume.split(":") for volume in self.tree.get("volumes", [])]
        return {target: source for source, target, *_ in parts}

    @property
    def stop_seconds(self) -> int:
        """How long it may take to stop."""
        number, unit = re.fullmatch(r"(\d+)([sm])", self.tree["stop_grace_period"]).groups()
        return int(number) * {"s": 1, "m": 60}[unit]


def services(environ: Mapping[str, str]) -> dict[str, Service]:
    """Return the services by name, as somebody with these variables gets them.

    Raises:
        MissingVariableError: one that must be set is not.
    """
    tree = interpolated(yaml.safe_load(COMPOSE_FILE.read_text()), environ)
    return {name: Service(service, environ) for name, service in tree["services"].items()}


@cache
def instructions() -> list[DockerfileInstruction]:
    """The instructions of the Dockerfile, in order."""
    return parse_dockerfile_ast(DOCKERFILE.read_text()).instructions


def last_stage() -> list[DockerfileInstruction]:
    """The instructions that make the image itself."""
    last = max(i for i, instruction in enumerate(instructions()) if instruction.name == "FROM")
    return instructions()[last:]


def last_args(name: str) -> list[str]:
    """The arguments of the last instruction of a name in the last stage."""
    return [instruction for instruction in last_stage() if instruction.name == name][-1].args


def image_environment() -> dict[str, str]:
    """The environment that the image sets, but for its search path of programs."""
    triples = [i.args for i in last_stage() if i.name == "ENV"]
    values = {args[i]: args[i + 1] for args in triples for i in range(0, len(args), 3)}
    return {name: value for name, value in values.items() if name != "PATH"}


def copied_sources() -> list[str]:
    """The paths that are copied from this folder into the build."""
    copies = [i for i in instructions() if i.name == "COPY"]
    return [
        source
        for copy in copies
        if not any(flag.startswith("--from=") for flag in copy.flags)
        for source in copy.args[:-1]
    ]


def left_out_of_the_build() -> PatternMatcher:
    """What .dockerignore keeps from the build."""
    return PatternMatcher((ROOT / ".dockerignore").read_text().splitlines())
