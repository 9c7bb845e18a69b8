"""Metrics and losses of one's own: which way they go, what they refuse, and a regression."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from core.codec import decode
from core.compress import CompressConfig, compress, identity
from core.data import Data, Split, own_data
from core.errors import ConfigError, DataError, RetrainError
from core.evaluation import error, load_compressed
from core.factories import CodeConfig
from core.metric import CLASSIFICATION, Direction, Metric, MetricConfig, load_metric
from core.networks import own_network
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceNetwork, own_reference
from core.retraining import ErrorLoss, RetrainConfig, TrainingSet


def unexplained(outputs, labels):
    """Share of the variance that the outputs leave."""
    return (outputs - labels).square().mean() / labels.var(correction=0)


UNEXPLAINED = Metric(name="unexplained", evaluate=unexplained, direction=Direction.minimise)
EXPLAINED = Metric(
    name="explained", evaluate=lambda o, y: 1 - unexplained(o, y), direction=Direction.maximise
)


def curve(metric: Metric = UNEXPLAINED, num_examples: int = 200) -> Data:
    """Two numbers to be answered for each pair of inputs."""
    random = torch.Generator().manual_seed(0)
    inputs = 2 * torch.rand(num_examples, 2, generator=random) - 1
    labels = torch.stack([inputs.sum(1).sin(), inputs.prod(1)], dim=1)
    third = num_examples // 4
    cuts = (slice(2 * third), slice(2 * third, 3 * third), slice(3 * third, None))
    return own_data("curve", [(inputs[c], labels[c]) for c in cuts], 1, metric)


def trained(data: Data, num_steps: int = 300) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(num_steps):
        optimiser.zero_grad()
        nn.functional.mse_loss(network(data.train.inputs), data.train.labels).backward()
        optimiser.step()
    return network.eval()


def reference_on(data: Data, network: nn.Module | None = None) -> ReferenceNetwork:
    network = network or trained(data)
    described = own_network("curve", lambda: trained(curve(), 0), (2,), data.num_classes)
    return own_reference(described, network.state_dict(), data)


@pytest.mark.parametrize("distillation", [1.0, 0.0])
def test_a_regression_is_compressed_and_its_loss_is_by_how_much_the_metric_worsened(
    distillation: float,
) -> None:
    data = curve()
    reference = reference_on(data)
    assert reference.validation_error < 0.05
    config = CompressConfig(
        prior=PriorConfig(num_components=5),
        retrain=RetrainConfig(
            num_epochs=8, batch_size=10, tau=1e-3, distillation=distillation, stop_hopeless=False
        ),
        post_processing=PostProcessingConfig(fine_tuning_epochs=4),
    )
    outcome = compress(reference, data, config)
    network = load_compressed(decode(outcome.file), reference.described)
    assert outcome.validation_error == error(network, data.validation) < 0.3
    assert outcome.accuracy_loss == outcome.validation_error - reference.validation_error


def test_more_being_better_is_the_same_error_counted_from_one() -> None:
    data = curve()
    network = trained(data, 30)
    there, back = error(network, data.test), error(network, data.judged_by(EXPLAINED).test)
    assert back == pytest.approx(there, abs=1e-6)
    assert network.training is False


def test_a_metric_that_goes_the_other_way_is_refused_in_a_line() -> None:
    other = replace(UNEXPLAINED, direction=Direction.maximise)
    message = (
        "metric.direction must be the way in which unexplained improves, but by maximise the "
        "network is worse than its own answers given to other examples of curve; "
        "set metric.direction=minimise"
    )
    with pytest.raises(ConfigError, match=message) as caught:
        reference_on(curve(other))
    assert "\n" not in str(caught.value)


def raises(outputs, labels):
    raise ValueError("needs\nmore")


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            replace(UNEXPLAINED, evaluate=lambda _o, _y: math.nan),
            "metric that is a finite number, but unexplained is nan for 50 examples",
        ),
        (
            replace(UNEXPLAINED, evaluate=raises),
            r"metric.factory: unexplained raised ValueError: needs more \(test_metric.py:",
        ),
        (
            replace(UNEXPLAINED, evaluate=lambda _o, _y: "good"),
            "metric.factory: unexplained raised ValueError: could not convert string to float",
        ),
        (replace(UNEXPLAINED, loss=raises), "metric.loss: raises raised ValueError: needs more"),
        (
            replace(UNEXPLAINED, loss=lambda o, _y: o),
            r"must give a scalar tensor of floats, but .*lambda.* returns \(8, 2\)",
        ),
        (
            replace(UNEXPLAINED, loss=lambda _o, _y: torch.tensor(1.0)),
            "metric.loss must be differentiable by the outputs, but .*lambda.* is not",
        ),
    ],
)
def test_a_metric_or_loss_that_cannot_be_used_is_refused_in_a_line(
    metric: Metric, message: str
) -> None:
    data = curve(metric)
    with pytest.raises(ConfigError, match=message) as caught:
        reference_on(data, trained(data, 0))
    assert "\n" not in str(caught.value)


def test_outputs_that_are_not_finite_have_no_metric() -> None:
    data = curve()
    network = trained(data, 0)
    with torch.no_grad():
        network[0].weight.fill_(math.nan)
    with pytest.raises(RetrainError, match="outputs of the network are not finite, so that unexpl"):
        error(network, data.test)


def test_answers_must_be_as_many_as_the_labels_ask_for() -> None:
    data = curve()
    narrow = own_data(
        "narrow", [(s.inputs, s.labels[:, 0]) for s in (data.train, data.test)], 9, UNEXPLAINED
    )
    with pytest.raises(ConfigError, match="labels of narrow, 8 for 8 inputs, but returns 8x2"):
        reference_on(narrow, trained(data, 0))


@pytest.mark.parametrize(
    ("labels", "metric", "message"),
    [
        (torch.rand(4), CLASSIFICATION, "but are 4 of float32; judge other answers by metric.fac"),
        (torch.zeros(4, 2).long(), CLASSIFICATION, "but are 4x2 of int64"),
        (torch.tensor([0.0, math.nan, 1.0, 2.0]), UNEXPLAINED, "must be finite, but some are not"),
        (torch.tensor([0, -1, 1, 2]), UNEXPLAINED, "the lowest is -1"),
    ],
)
def test_labels_that_no_metric_can_judge_are_refused(
    labels: torch.Tensor, metric: Metric, message: str
) -> None:
    part = (torch.rand(4, 2), labels)
    with pytest.raises(DataError, match=message):
        own_data("mine", (part, part), 1, metric)


def test_squared_errors_are_counted_in_variances_and_a_loss_of_ones_own_stands_beside() -> None:
    answers = torch.tensor([[1.0, 3.0], [-1.0, 1.0]])
    split = Split(inputs=answers, labels=2 * answers, metric=UNEXPLAINED)
    training_set = TrainingSet(split, nn.Identity(), 1.0)
    whole = training_set.as_it_is(torch.arange(2))
    for share in (0.0, 0.25, 1.0):
        loss = ErrorLoss.on(training_set, RetrainConfig(distillation=share))
        # about their means the answers have a variance of 1 and the labels one of 4
        constant = loss.of_constant_predictor(training_set)
        assert constant == pytest.approx(share * 1 + (1 - share) * 6 / 4)
        assert float(loss(answers, whole)) == pytest.approx((1 - share) * 3 / 4)
    own = replace(UNEXPLAINED, loss=lambda outputs, labels: (outputs - labels).abs().mean())
    training_set = TrainingSet(replace(split, metric=own), nn.Identity(), 1.0)
    loss = ErrorLoss.on(training_set, RetrainConfig(distillation=0.0))
    assert float(loss(answers, whole)) == float(answers.abs().mean())
    with pytest.raises(ConfigError, match=r"retrain.distillation must be < 1 where metric.loss is"):
        ErrorLoss.on(training_set, RetrainConfig())


def test_whole_numbers_that_are_no_classes_need_a_loss() -> None:
    split = Split(inputs=torch.rand(3, 2), labels=torch.ones(3, 2).long(), metric=UNEXPLAINED)
    with pytest.raises(ConfigError, match=r"metric.loss must be given for labels that are neither"):
        ErrorLoss.on(TrainingSet(split, nn.Identity(), 1.0), RetrainConfig())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"factory": "a:b"}, "metric.direction must be minimise or maximise where metric.factory"),
        ({"direction": Direction.maximise}, "metric.direction must be null without metric.factory"),
        ({"loss": "a:b"}, "metric.loss must be null without metric.factory, but got a:b"),
    ],
)
def test_direction_and_loss_belong_to_a_factory(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MetricConfig(**keys)


def test_a_metrics_factory_is_allowed_like_any_other() -> None:
    config = MetricConfig(factory="json:loads", direction=Direction.minimise)
    with pytest.raises(ConfigError, match=r"metric.factory must be of a module that code.allowed"):
        load_metric(config, CodeConfig())
    assert load_metric(MetricConfig(), CodeConfig()) is CLASSIFICATION
    nothing = replace(config, factory="gc:get_debug")
    with pytest.raises(ConfigError, match=r"metric.factory must return a function of outputs and"):
        load_metric(nothing, CodeConfig(allowed=["gc"]))


def test_a_compression_is_known_by_its_metric() -> None:
    data, config = curve(), CompressConfig()
    reference = reference_on(data)
    known = {
        identity(reference, data.judged_by(metric), config)
        for metric in (UNEXPLAINED, replace(UNEXPLAINED, name="other"), CLASSIFICATION)
    }
    assert len(known) == 3
