"""The trained network that a compression starts from, and its form on disk and in a database.

The form is a safetensors file: plain numbers and a header of JSON, so that reading one from a
stranger's database runs nothing of it.
"""

import hashlib
import json
from dataclasses import dataclass

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from core.errors import ConfigError, DataError
from core.networks import NetworkDescription, description, load_state, state_of

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ReferenceNetwork:
    """A trained network and its errors.

    Attributes:
        network_name: its name in the registry of networks, or what its owner calls it.
        state: its state dict, a shared tensor under its first name only; ordinary contiguous
            tensors in the processor's memory, 32-bit floats but for the counters of batch norms
            and what else a network has of whole numbers.
        validation_error: on the images that settings are selected on, a fraction in [0, 1].
        test_error: on the test images, a fraction in [0, 1]; reported, never selected on.
        num_parameters: trainable numbers, biases included.
        described: how it is built and treated; None asks the registry.
    """

    network_name: str
    state: dict[str, Tensor]
    validation_error: float
    test_error: float
    num_parameters: int
    described: NetworkDescription | None = None

    @property
    def description(self) -> NetworkDescription:
        """How it is built, and what is done to its tensors.

        Raises:
            ConfigError: it has no description of its own, and the registry does not know it.
        """
        return self.described or description(self.network_name)

    @property
    def float32_bytes(self) -> int:
        """Bytes of all parameters as 32-bit floats: what a compression rate is counted from."""
        return 4 * self.num_parameters

    def build(self, device: torch.device | None = None) -> nn.Module:
        """Build the network with these weights, its own copy of them, in evaluation mode.

        Args:
            device: where it shall compute; None for the processor.
        """
        network = self.description.build()
        load_state(network, self.state)
        return network.to(device).eval()

    def to_bytes(self) -> bytes:
        """Return it as a safetensors file; equal networks give equal bytes."""
        facts = {
            "format_version": str(FORMAT_VERSION),
            "network_name": self.network_name,
            # repr of a float is the shortest text that reads back as the same float
            "validation_error": repr(self.validation_error),
            "test_error": repr(self.test_error),
        }
        # One entry: safetensors writes several in an order that differs from process to process.
        header = json.dumps(facts | {"sha256": _sha256(facts, self.state)}, sort_keys=True)
        return safetensors.torch.save(self.state, metadata={"softshare": header})

    @classmethod
    def from_bytes(
        cls, content: bytes, described: NetworkDescription | None = None
    ) -> "ReferenceNetwork":
        """Read what ``to_bytes`` returned.

        Args:
            content: the bytes.
            described: how it is built and treated; None asks the registry.

        Raises:
            DataError: the content is damaged, no reference network, or of another version.
        """
        try:
            state = {
                name: tensor.clone().contiguous()
                for name, tensor in safetensors.torch.load(content).items()
            }
            length = int.from_bytes(content[:8], "little")
            header = json.loads(content[8 : 8 + length])["__metadata__"]["softshare"]
            facts = json.loads(header)
            found = facts.pop("sha256")
            version = facts["format_version"]
            if version != str(FORMAT_VERSION):
                raise DataError(
                    f"the reference network must be of format version {FORMAT_VERSION}, "
                    f"but is of {version}; train it again"
                )
            if found != _sha256(facts, state):
                raise DataError(
                    f"the reference network is damaged: its sha256 must be {found}, "
                    f"but is {_sha256(facts, state)}; train it again"
                )
            known = described or description(facts["network_name"])
            network = known.build()
            load_state(network, state)
            return cls(
                network_name=facts["network_name"],
                state={name: state[name] for name in state_of(network)},  # in their order
                validation_error=float(facts["validation_error"]),
                test_error=float(facts["test_error"]),
                num_parameters=count_parameters(network),
                described=described,
            )
        except (
            safetensors.SafetensorError,
            ConfigError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RuntimeError,  # of load_state_dict
        ) as error:
            reason = " ".join(str(error).split())
            raise DataError(
                f"no reference network can be read: {reason}; train it again"
            ) from error


def count_parameters(network: nn.Module) -> int:
    """Count the parameters of ``network``, a shared one once."""
    return sum(parameter.numel() for parameter in network.parameters())


def _sha256(facts: dict[str, str], state: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(state):
        tensor = state[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
