"""Networks that no config of ours knows, one for each kind of module that may have weights."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from core.data import Data, own_data

SIDE = 6
NUM_CLASSES = 3


def own_images(num_examples: int = 120) -> Data:
    """Small grey images whose class is where they are bright; learnt in a moment."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(num_examples) % NUM_CLASSES
    images = 0.3 * torch.rand(num_examples, 1, SIDE, SIDE, generator=random)
    for label in range(NUM_CLASSES):
        images[labels == label, :, 2 * label : 2 * label + 2] += 0.7
    third = num_examples // 3
    parts = [(images[k : k + third], labels[k : k + third]) for k in (0, third, 2 * third)]
    return own_data("stripes", parts, num_validation=1)


class Rows(nn.Module):
    """An image as a sequence of its rows."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1, 2)


class Recurrent(nn.Module):
    """A recurrent layer over the rows of an image."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.rows = Rows()
        self.layer = kind(SIDE, 8, num_layers=2, batch_first=True, bidirectional=True, dropout=0.5)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, NUM_CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.norm(self.layer(self.rows(images))[0].mean(1)))


class Transformer(nn.Module):
    """An encoder over the rows of an image, with a learnt token and learnt places."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(SIDE, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.places = nn.Parameter(0.02 * torch.randn(1, SIDE + 1, 8))
        self.register_buffer("scale", torch.tensor([1.0, 0.5]))
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, NUM_CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        rows = self.embedding(images.flatten(1, 2)) * self.scale[0]
        tokens = torch.cat([self.token.expand(len(rows), -1, -1), rows], 1) + self.places
        return self.head(self.encoder(tokens)[:, 0])


class Tied(nn.Module):
    """Grey levels as tokens of an embedding, whose matrix is used again on the way out."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 12, sparse=True)
        self.mixing = nn.Linear(12, 12)
        self.out = nn.Linear(12, 10, bias=False)
        self.out.weight = self.embedding.weight
        self.head = nn.Linear(SIDE * SIDE * 10, NUM_CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding((images * 9.99).long().clamp(0, 9).flatten(1))
        return self.head(self.out(torch.relu(self.mixing(tokens))).flatten(1))


def flat_and_deep() -> nn.Module:
    """Convolutions along one and along three axes."""
    return nn.Sequential(
        Rows(),
        nn.Conv1d(SIDE, 8, 3, padding=1),
        nn.ReLU(),
        nn.Unflatten(1, (1, 2, 4)),
        nn.Conv3d(1, 4, (2, 2, 3)),
        nn.GroupNorm(2, 4),
        nn.Flatten(),
        nn.Linear(4 * 3 * 4, NUM_CLASSES),
    )


def grouped_and_transposed() -> nn.Module:
    """Grouped and transposed convolutions, and a norm whose scale has three axes."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=4),
        nn.LayerNorm([8, 4, 4]),
        nn.ConvTranspose2d(8, 4, 2, stride=2),
        nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(4 * 8 * 8, NUM_CLASSES),
    )


def parametrised() -> nn.Module:
    """Layers whose weights are computed from others."""
    return nn.Sequential(
        nn.Flatten(),
        parametrizations.weight_norm(nn.Linear(SIDE * SIDE, 12)),
        nn.Tanh(),
        parametrizations.spectral_norm(nn.Linear(12, 12)),
        nn.Tanh(),
        nn.Linear(12, NUM_CLASSES),
    )


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "gru": lambda: Recurrent(nn.GRU),
    "lstm": lambda: Recurrent(nn.LSTM),
    "transformer": Transformer,
    "tied": Tied,
    "flat_and_deep": flat_and_deep,
    "grouped_and_transposed": grouped_and_transposed,
    "parametrised": parametrised,
}
