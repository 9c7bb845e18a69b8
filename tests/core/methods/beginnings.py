"""Where a method begins, on a problem that is learnt in a second."""

from dataclasses import replace

from core.networks import description
from core.outcome import EpochReport
from core.preparation import Preparation
from core.retraining import ErrorLoss, FlatWeights, Reporter, RetrainConfig, TrainingSet
from tests.data_sets import small_data, small_reference


def retrain_config(num_epochs: int, **changes: float) -> RetrainConfig:
    """The training of a method, short and on small batches."""
    config = RetrainConfig(num_epochs=num_epochs, batch_size=50, lr_weights=2e-3)
    return replace(config, **changes)


def beginning(num_epochs: int, reports: list[EpochReport]) -> tuple[Preparation, FlatWeights]:
    """A copy of the small reference network with its task, and its weights in one vector."""
    network = small_reference().build()
    start = Preparation(
        network,
        description("lenet_300_100"),
        TrainingSet(small_data().train, small_reference().build(), 2.0),
        ErrorLoss(1.0, 2.0),
        small_data().validation,
        Reporter(num_epochs, 9, reports.append),
    )
    return start, FlatWeights.from_network(network)
