"""An ordinary training: ``python -m digits.train recurrent net.pt`` writes a checkpoint."""

import sys

import torch
from torch import nn

from digits.data import make_data
from digits.nets import make_convolutional, make_recurrent, make_transformer

NETS = {
    "convolutional": make_convolutional,
    "recurrent": make_recurrent,
    "transformer": make_transformer,
}


def train(name, num_epochs=60):
    """Return the network called ``name``, trained, and its error on the validation images."""
    torch.manual_seed(0)
    network = NETS[name]()
    (inputs, labels), validation, _ = [tuple(map(torch.as_tensor, p)) for p in make_data()]
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, num_epochs)
    for _ in range(num_epochs):
        network.train()
        for batch in torch.randperm(len(labels)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimiser.step()
        schedule.step()
    network.eval()
    with torch.no_grad():
        wrong = network(validation[0]).argmax(1) != validation[1]
    return network, float(wrong.float().mean())


if __name__ == "__main__":
    name, to = sys.argv[1:]
    network, error = train(name)
    torch.save(network.state_dict(), to)
    print(f"{name}: {100 * error:.2f} % validation error, weights in {to}")
