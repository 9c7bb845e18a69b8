"""Quantisation: every weight becomes an entry of its tensor's codebook (paper §4.3).

The component that takes most responsibility for a weight decides whether it is zero. The others
go to the codebook entry of their component (the paper) or to the nearest of few centroids, which
are found by k-means on what is left of the tensor: where the retraining kept the components wide,
k-means is their maximum-likelihood refit in the limit of small equal variances.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.retraining.flat_weights import FlatWeights

MAX_ITERATIONS = 100


@dataclass
class QuantisedTensor:
    """A weight tensor as indices into a codebook, while its codebook is still being trained.

    Attributes:
        name: key of the tensor in the state dict.
        indices: codebook entry of every weight, in the shape of the tensor.
        codebook: the values; entry 0 is zero and stays so.
    """

    name: str
    indices: Int[Tensor, "..."]
    codebook: Float[Tensor, " entries"]

    @property
    def num_nonzeros(self) -> int:
        """Number of weights whose entry is not the zero one."""
        return int(torch.count_nonzero(self.indices))


def quantise(
    weights: FlatWeights, components: Int[Tensor, " weights"], num_centroids: int | None
) -> list[QuantisedTensor]:
    """Quantise every clustered tensor by the component of every weight.

    Args:
        weights: the retrained weights; not changed.
        components: the component that each weight is assigned to, 0 for the zero one.
        num_centroids: non-zero entries a tensor found by k-means, or None for one entry for each
            component of the mixture that a weight is assigned to.
    """
    return [
        quantise_tensor(name, values, its_components, num_centroids)
        for name, values, its_components in zip(
            weights.names,
            weights.split(weights.values),
            weights.split(components),
            strict=True,
        )
    ]


def quantise_tensor(
    name: str,
    values: Float[Tensor, "..."],
    components: Int[Tensor, "..."],
    num_centroids: int | None,
) -> QuantisedTensor:
    """Quantise one tensor, given the component of every weight, the zero component being 0.

    An entry is the mean of the weights it stands for. Entries ascend, none is unused.
    """
    kept = components != 0
    survivors = values[kept]
    if num_centroids is None:
        clusters = torch.unique(components[kept], return_inverse=True)[1]
    else:
        clusters = k_means(survivors, num_centroids)
    centroids = cluster_means(survivors, clusters)
    order = centroids.argsort()
    indices = torch.zeros_like(components)
    indices[kept] = 1 + order.argsort()[clusters]
    return QuantisedTensor(name, indices, torch.cat([values.new_zeros(1), centroids[order]]))


def tidy_codebook(tensor: QuantisedTensor) -> None:
    """Drop entries that no weight uses and sort the others, in place; the values stay.

    Args:
        tensor: its entries but the first may stand in any order, and repeat.
    """
    values, indices = tensor.codebook.detach()[tensor.indices], tensor.indices != 0
    distinct, ranks = torch.unique(values[indices], return_inverse=True)
    tensor.indices[indices] = 1 + ranks
    tensor.codebook = torch.cat([tensor.codebook.new_zeros(1), distinct])


def cluster_means(
    values: Float[Tensor, " values"], clusters: Int[Tensor, " values"]
) -> Float[Tensor, " clusters"]:
    """Return the mean of each cluster; every cluster from 0 to the largest must have a member."""
    if len(values) == 0:
        return values
    sizes = torch.bincount(clusters)
    sums = torch.bincount(clusters, weights=values.double())
    means: Tensor = sums / sizes
    return means.to(values.dtype)


def k_means(
    values: Float[Tensor, " values"],
    num_centroids: int,
    initial: Float[Tensor, " centroids"] | None = None,
) -> Int[Tensor, " values"]:
    """Cluster numbers by Lloyd's algorithm; clusters ascend, none is empty.

    On a line the nearest centroid is found by the midpoints between centroids. Fewer distinct
    values than centroids give one cluster a value.

    Args:
        values: what is clustered.
        num_centroids: at most so many clusters.
        initial: where the centroids begin, ascending; None begins at even quantiles.
    """
    clusters: Tensor
    distinct, clusters = torch.unique(values, return_inverse=True)
    if len(distinct) <= num_centroids:
        return clusters
    if initial is None:
        ascending = values.double().sort().values
        places = (torch.arange(num_centroids) + 0.5) / num_centroids * len(ascending)
        centroids = ascending[places.long()].unique()
    else:
        centroids = initial.double()
    for _ in range(MAX_ITERATIONS):
        nearest = torch.bucketize(values.double(), (centroids[1:] + centroids[:-1]) / 2)
        if torch.equal(nearest, clusters):
            break
        # A centroid that lost all its members is dropped, so that none is empty.
        clusters = torch.unique(nearest, return_inverse=True)[1]
        centroids = cluster_means(values.double(), clusters)
    return clusters
