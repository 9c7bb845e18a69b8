"""Checkpoints: all it takes to stop a compression before any step and to go on with it elsewhere.

A compression is a row of parts (each stage of the shrinking, the retraining, the fine-tuning). Of
the parts that are over a checkpoint holds what they left behind, of the part at work all that its
next step depends on. Whoever goes on builds every part's objects as usual, and puts the held values
into them: on the same machine the file that comes out has the same bytes.

Values go one way: parts hand their state to the ``Journal``, the journal hands bytes to whoever
keeps them. The bytes are a safetensors file, tensors and JSON, so that reading a stranger's
runs nothing of it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from core.errors import CheckpointError

FORMAT_VERSION = 1

State = dict[str, Any]
"""Tensors, numbers, text and None, in dictionaries and lists."""

Save = Callable[[], State]
Restore = Callable[[State], None]

_TREE = "tree"


@runtime_checkable
class Checkpoints(Protocol):
    """Who wants the checkpoints of one compression, and holds the last one."""

    @property
    def last(self) -> bytes | None:
        """The checkpoint to go on from, None to begin."""

    def due(self) -> bool:
        """Return whether a checkpoint is wanted now; asked before every step."""

    def keep(self, checkpoint: bytes) -> None:
        """Take a checkpoint; whatever this raises ends the compression."""


class Journal:
    """How far a compression is, from which its checkpoints are written.

    Without ``checkpoints`` nothing is kept and everything begins at its beginning.
    """

    def __init__(self, checkpoints: Checkpoints | None = None, identity: str = "") -> None:
        """Open the journal where the last checkpoint left it.

        Args:
            checkpoints: who wants them.
            identity: names what is compressed and how; a checkpoint of anything else is refused.

        Raises:
            CheckpointError: the last checkpoint is damaged or is of another compression.
        """
        self._checkpoints = checkpoints
        self._identity = identity
        self._followers: dict[str, Save] = {}
        self._finished: dict[str, State] = {}
        self._left: State = {"followers": {}, "finished": {}, "begun": {}}
        if checkpoints is not None and checkpoints.last is not None:
            self._left = from_bytes(checkpoints.last)
            if self._left.get("identity") != identity:
                raise CheckpointError("the checkpoint is of another compression")

    def follow(self, name: str, save: Save, restore: Restore) -> None:
        """Let something that lives through several parts be in every checkpoint from now on.

        Args:
            name: its own.
            save: returns its state.
            restore: puts such a state back; called at once where the last checkpoint has one.

        Raises:
            CheckpointError: the state does not fit.
        """
        self._followers[name] = save
        _restore_from(self._left["followers"], name, restore)

    def is_over(self, part: str, restore: Restore) -> bool:
        """Return whether a part was over before, after putting back what it left behind.

        Raises:
            CheckpointError: the state does not fit.
        """
        state = self._left["finished"].get(part)
        if not _restore_from(self._left["finished"], part, restore):
            return False
        self._finished[part] = state
        return True

    def go_on(self, part: str, restore: Restore) -> None:
        """Put the state back that a part was in when it was left, if it was at work then.

        Raises:
            CheckpointError: the state does not fit.
        """
        _restore_from(self._left["begun"], part, restore)

    def finish(self, part: str, save: Save) -> None:
        """Note what a part leaves behind."""
        if self._checkpoints is not None:
            self._finished[part] = _copied(save())

    def keep_if_due(self, part: str, save: Save) -> None:
        """Hand a checkpoint out if one is wanted.

        Args:
            part: the part at work.
            save: returns all that its next step depends on.
        """
        if self._checkpoints is None or not self._checkpoints.due():
            return
        state = {
            "identity": self._identity,
            "followers": {name: save_one() for name, save_one in self._followers.items()},
            "finished": self._finished,
            "begun": {part: save()},
        }
        self._checkpoints.keep(to_bytes(state))


def to_bytes(state: State) -> bytes:
    """Return a state as a safetensors file."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps({"version": FORMAT_VERSION, "state": _packed(state, tensors)})
    tensors[_TREE] = torch.frombuffer(bytearray(tree.encode()), dtype=torch.uint8)
    return safetensors.torch.save(tensors)


def from_bytes(content: bytes) -> State:
    """Read what ``to_bytes`` returned; the tensors are on the processor.

    Raises:
        CheckpointError: the content is damaged, no checkpoint, or of another version.
    """
    with _explained():
        tensors = safetensors.torch.load(content)
        tree = json.loads(tensors[_TREE].numpy().tobytes())
        if tree["version"] != FORMAT_VERSION:
            raise CheckpointError(f"the checkpoint is of format version {tree['version']}")
        state: State = _unpacked(tree["state"], tensors)
        return state


def fill(target: Tensor, source: Tensor) -> None:
    """Put values into a tensor where it is, which stays a view of whatever it views.

    Raises:
        CheckpointError: the shapes differ.
    """
    if target.shape != source.shape:
        raise CheckpointError(
            f"the checkpoint has {tuple(source.shape)} numbers for {tuple(target.shape)}"
        )
    with torch.no_grad():
        target.copy_(source)


def optimiser_state(optimiser: torch.optim.Optimizer) -> State:
    """Return what an optimiser remembers of each parameter, in their order."""
    return {"parameters": [dict(optimiser.state.get(p, {})) for p, _ in _parameters(optimiser)]}


def restore_optimiser(optimiser: torch.optim.Optimizer, state: State) -> None:
    """Let an optimiser over the same parameters remember what another did."""
    for (parameter, is_fused), remembered in zip(
        _parameters(optimiser), state["parameters"], strict=True
    ):
        for name, value in remembered.items():
            if value.shape == parameter.shape:  # a moment lies in memory as its parameter does
                moment = torch.empty_like(parameter, dtype=value.dtype)
                fill(moment, value)
            else:  # the number of steps; fused steps count it where they compute
                moment = value.to(parameter.device) if is_fused else value
            optimiser.state[parameter][name] = moment


def restore_generator(generator: torch.Generator, state: Tensor) -> None:
    """Set a generator to a state; one of another kind of device keeps its own."""
    if len(state) == len(generator.get_state()):
        generator.set_state(state)


def _parameters(optimiser: torch.optim.Optimizer) -> list[tuple[Tensor, bool]]:
    return [
        (parameter, bool(group.get("fused")))
        for group in optimiser.param_groups
        for parameter in group["params"]
    ]


def _copied(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _copied(value) for name, value in state.items()}
    if isinstance(state, list):
        return [_copied(value) for value in state]
    return _plain(state) if isinstance(state, Tensor) else state


def _plain(tensor: Tensor) -> Tensor:
    """Return a copy on the processor that shares its memory with nothing."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _packed(state: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(state, Tensor):
        name = str(len(tensors))
        tensors[name] = _plain(state)
        return {"tensor": name}
    if isinstance(state, dict):
        return {"dict": {name: _packed(value, tensors) for name, value in state.items()}}
    if isinstance(state, list):
        return [_packed(value, tensors) for value in state]
    return state


def _unpacked(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(value, tensors) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "tensor" in tree:
        return tensors[tree["tensor"]]
    return {name: _unpacked(value, tensors) for name, value in tree["dict"].items()}


def _restore_from(states: dict[str, State], name: str, restore: Restore) -> bool:
    """Put a state of a name back if there is one; only once, as the first to ask is its owner."""
    if name not in states:
        return False
    with _explained():
        restore(states.pop(name))
    return True


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what a wrong state raises, wherever it is put, into one error."""
    try:
        yield
    except (
        safetensors.SafetensorError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RuntimeError,  # load_state_dict: names or shapes that do not fit
    ) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"the checkpoint cannot be used: {reason}") from error
