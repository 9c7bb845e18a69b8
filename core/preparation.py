"""What every compression starts from: the network, its task, and its layers made ready."""

from dataclasses import dataclass

from torch import Tensor, nn

from core.data import Data, Split
from core.networks import NetworkDescription
from core.reference import ReferenceNetwork
from core.retraining import (
    ErrorLoss,
    FlatWeights,
    Reporter,
    RetrainConfig,
    TrainingSet,
    num_weights,
)
from core.shrinking import ShrinkingConfig, equalise, shrink

PROBED = 2


@dataclass(frozen=True)
class Preparation:
    """A copy of the reference network with all that it takes to train it.

    Attributes:
        network: the copy, on the device that trains it.
        description: what is known of it.
        training_set: what it is trained on.
        error_loss: the error loss of a batch.
        validation: data whose error is reported.
        report: takes an ``EpochReport`` an epoch.
    """

    network: nn.Module
    description: NetworkDescription
    training_set: TrainingSet
    error_loss: ErrorLoss
    validation: Split
    report: Reporter

    @property
    def probe(self) -> Tensor:
        """A few training inputs, to see what the network does with them."""
        return self.training_set.split.inputs[:PROBED]

    def flat_weights(self) -> FlatWeights:
        """Move what is to be clustered into one vector, of which the network then has views."""
        return FlatWeights.from_network(self.network, self.description.treatment)


def prepare(
    reference: ReferenceNetwork,
    data: Data,
    retrain: RetrainConfig,
    shrinking: ShrinkingConfig,
    report: Reporter,
    teacher: ReferenceNetwork | None = None,
) -> Preparation:
    """Copy the reference network, bring its layers to one scale and shrink it, as configured.

    Args:
        reference: the trained network; left as it is.
        data: the data it was trained on, on the device that is to compute.
        retrain: the error loss, the views of the images and the seed.
        shrinking: what is cut.
        report: takes an ``EpochReport`` an epoch.
        teacher: answers in the training; by default the reference network itself.

    Raises:
        ConfigError: ``shrinking.units`` does not fit the network, or a loss the labels.
        RetrainError: the loss is not finite.
    """
    described = reference.description
    device = data.train.inputs.device
    network = reference.build(device)
    training_set = TrainingSet(
        data.train,
        (teacher or reference).build(device),
        retrain.distillation_temperature,
        retrain.augment_shift,
        retrain.augment_flip,
    )
    report.journal.follow("answers", training_set.state, training_set.restore)
    error_loss = ErrorLoss.on(training_set, retrain)
    if shrinking.equalise:
        equalise(network, described.chains, described.input_shape)
    if shrinking.units:
        before = num_weights(network, described.treatment)
        shrink(
            network,
            described.chains,
            training_set,
            error_loss,
            data.validation,
            shrinking,
            retrain.seed,
            report,
        )
        if shrinking.equalise:
            equalise(network, described.chains, described.input_shape)
        report.weights_left *= num_weights(network, described.treatment) / before
    return Preparation(network, described, training_set, error_loss, data.validation, report)
