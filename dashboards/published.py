"""Published results that our own are held against, as data with their accounting and source.

Source: Ullrich, Meeds and Welling, "Soft Weight-Sharing for Neural Network Compression" (2017),
Table 1, which also states the results of Han et al. (2015a) and Guo et al. (2016). Later methods
count other bytes, or none, and stand apart.
"""

from dataclasses import dataclass, replace

HAN_ACCOUNTING = "Han's CSR + Huffman, weights only"
TABLE_1 = "Ullrich et al. (2017), Table 1"
COUNT_ACCOUNTING = "all weights over those that are not zero"


@dataclass(frozen=True, kw_only=True)
class PublishedPoint:
    """One row of a published table.

    Attributes:
        network: the network's name as the config group ``model`` spells it.
        method: what the authors call their method.
        authors: authors and year, as the source cites them.
        error_before: top-1 test error of the trained network, a fraction in [0, 1].
        error_after: the same after compression.
        nonzero_fraction: share of weights that are not zero.
        compression_rate: in the accounting stated, never bytes of a whole file unless it says so.
        accounting: how the authors counted bytes.
        source: where the row is printed.
    """

    network: str
    method: str
    authors: str
    error_before: float
    error_after: float
    nonzero_fraction: float
    compression_rate: float
    accounting: str = HAN_ACCOUNTING
    source: str = TABLE_1

    @property
    def accuracy_loss(self) -> float:
        """Error after minus error before, a fraction; negative where compression helped."""
        return self.error_after - self.error_before


def _row(
    network: str,
    method: str,
    authors: str,
    error_percent: tuple[float, float],
    nonzero_percent: float,
    compression_rate: float,
) -> PublishedPoint:
    before, after = error_percent
    return PublishedPoint(
        network=network,
        method=method,
        authors=authors,
        error_before=before / 100,
        error_after=after / 100,
        nonzero_fraction=nonzero_percent / 100,
        compression_rate=compression_rate,
    )


_HAN = ("deep compression", "Han et al. 2015a")
_GUO = ("dynamic network surgery", "Guo et al. 2016")
_ULLRICH = ("soft weight-sharing", "Ullrich et al. 2017")

# The printed table has two slips of sign for LeNet-300-100: Han et al. fall from 1.64 to 1.58 %
# and it prints 0.06, soft weight-sharing rises from 1.89 to 1.94 % and it prints -0.05. The errors
# are copied as printed and every difference is taken anew, as after minus before.
PUBLISHED: tuple[PublishedPoint, ...] = (
    _row("lenet_300_100", *_HAN, (1.64, 1.58), 8.0, 40),
    _row("lenet_300_100", *_GUO, (2.28, 1.99), 1.8, 56),
    _row("lenet_300_100", *_ULLRICH, (1.89, 1.94), 4.3, 64),
    _row("lenet_5_caffe", *_HAN, (0.80, 0.74), 8.0, 39),
    _row("lenet_5_caffe", *_GUO, (0.91, 0.91), 0.9, 108),
    _row("lenet_5_caffe", *_ULLRICH, (0.88, 0.97), 0.5, 162),
    _row("wrn_16_4", *_ULLRICH, (6.48, 8.50), 6.6, 45),
)


_MOLCHANOV = ("sparse variational dropout", "Molchanov et al. 2017")

OF_OTHER_ACCOUNTING: tuple[PublishedPoint, ...] = tuple(
    replace(
        _row(network, *_MOLCHANOV, errors, 100 / rate, rate),
        accounting=COUNT_ACCOUNTING,
        source="the README of the authors' code, after their Table 1",
    )
    for network, errors, rate in (
        ("lenet_300_100", (1.64, 1.92), 68),
        ("lenet_5_caffe", (0.80, 0.75), 280),
    )
)
"""Methods of ours whose published rates are not comparable with the table's. Bayesian compression
states no error before, variational quantization no rate; ``docs/methods.md`` has what they state.
"""


def published_for(network: str) -> tuple[PublishedPoint, ...]:
    """The published rows of one network, in the table's order; empty for a network without."""
    return tuple(point for point in PUBLISHED if point.network == network)


def published_otherwise(network: str) -> tuple[PublishedPoint, ...]:
    """The published results of one network that are in another accounting."""
    return tuple(point for point in OF_OTHER_ACCOUNTING if point.network == network)


MILLIONS_OF_WEIGHTS = {"lenet_300_100": 0.2, "lenet_5_caffe": 0.4, "wrn_16_4": 2.7}
"""|W| by network, as the table prints it."""

_TITLES = {
    "lenet_300_100": "LeNet-300-100",
    "lenet_5_caffe": "LeNet-5-Caffe",
    "wrn_16_4": "WRN-16-4",
}


def network_title(network: str) -> str:
    """A network's name as papers write it, or as configured where no paper names it."""
    return _TITLES.get(network, network)
