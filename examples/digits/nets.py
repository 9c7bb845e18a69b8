"""A small convolutional network, and two that read an image row by row."""

import torch
from torch import nn


class Convolutional(nn.Module):
    """Two convolutions, the second one grouped, and a linear layer."""

    def __init__(self, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, groups=2),
            nn.ReLU(),
        )
        self.head = nn.Linear(2 * width * 4, 10)

    def forward(self, images):
        """Return a score for each class, (batch, 10), of images, (batch, 8, 8)."""
        return self.head(self.features(images[:, None]).flatten(1))


class Recurrent(nn.Module):
    """A bidirectional GRU over the rows, and a linear layer on what it ends with."""

    def __init__(self, hidden=48):
        super().__init__()
        self.gru = nn.GRU(8, hidden, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(2 * hidden, 10)

    def forward(self, images):
        """Return a score for each class, (batch, 10), of images, (batch, 8, 8)."""
        states, _ = self.gru(images)
        return self.head(self.dropout(self.norm(states.mean(dim=1))))


class Transformer(nn.Module):
    """An encoder over the rows and a learnt token, from which the class is read."""

    def __init__(self, width=32, heads=4, layers=2):
        super().__init__()
        self.rows = nn.Linear(8, width)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(0.02 * torch.randn(1, 9, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, images):
        """Return a score for each class, (batch, 10), of images, (batch, 8, 8)."""
        rows = self.rows(images)
        tokens = torch.cat([self.token.expand(len(rows), -1, -1), rows], dim=1) + self.places
        return self.head(self.encoder(tokens)[:, 0])


def make_convolutional():
    """Return the convolutional network."""
    return Convolutional()


def make_small():
    """Return a small one, to learn from the convolutional network."""
    return Convolutional(width=4)


def make_recurrent():
    """Return the recurrent network."""
    return Recurrent()


def make_transformer():
    """Return the transformer."""
    return Transformer()
