"""Trains a student on the answers of its teacher (Hinton, Vinyals & Dean 2015, section 2).

The loss of an example is ``mixing`` times T² KL(teacher || student) between softmaxes at
temperature T, and for an example whose label is used ``1 - mixing`` times the cross-entropy with
it. T² keeps the first at one size whatever T is. Where labels are no classes, squared errors stand
in the places of both (``core.retraining.error_loss``).
"""

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from core.data import Data
from core.device import explaining_exhaustion
from core.errors import require
from core.networks import NetworkDescription
from core.precision import forward
from core.reference import (
    LossOf,
    OnReferenceEpoch,
    ReferenceNetwork,
    check_on,
    measured_network,
    train_epochs,
)
from core.retraining import ErrorLoss, TrainingSet, variances_of
from core.retraining.training_set import Batch
from core.student.config import StudentConfig


def distil(
    teacher: ReferenceNetwork,
    student: NetworkDescription,
    data: Data,
    config: StudentConfig,
    on_epoch: OnReferenceEpoch | None = None,
) -> ReferenceNetwork:
    """Train a student from scratch on the answers of a teacher.

    The result depends on the arguments alone, as ``train_reference`` has it.

    Args:
        teacher: the trained network; left as it is.
        student: the network to train.
        data: what both are for; the student is trained on the training split.
        config: how.
        on_epoch: called after each epoch.

    Returns:
        The student, its state in the processor's memory.

    Raises:
        ConfigError: the student does not take the inputs, its answers have another shape than the
            teacher's, or there are fewer training examples than are to keep their labels.
        RetrainError: the memory of the GPU does not hold a step.
    """
    device = data.train.inputs.device
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        explaining_exhaustion("student.batch_size", config.batch_size),
    ):
        asked = teacher.build(device)
        torch.manual_seed(config.seed)
        module = student.build().to(device)
        check_on(module, data, "student")
        _require_same_answers(module, asked, data, config)
        lessons = TrainingSet(
            data.train,
            asked,
            config.temperature,
            config.augment_shift,
            config.augment_flip,
            group="student",
        )
        loss_of = _loss(module, lessons, data, config)
        train_epochs(
            module,
            data,
            loss_of,
            num_epochs=config.num_epochs,
            batch_size=config.batch_size,
            lr=config.lr,
            weight_decay=config.weight_decay,
            on_epoch=on_epoch,
        )
    return measured_network(student.name, module, data, student)


def _loss(module: nn.Module, lessons: TrainingSet, data: Data, config: StudentConfig) -> LossOf:
    """Return what gives the loss of a step."""
    variances = variances_of(lessons)
    of_answers = ErrorLoss(1.0, config.temperature, variances=variances)
    of_labels = ErrorLoss(0.0, config.temperature, metric=data.metric, variances=variances)
    has_label = labelled(len(data.train), config).to(data.train.labels.device)
    draws = torch.Generator().manual_seed(config.seed)

    def loss_of(examples: Tensor, _done: float) -> Tensor:
        batch = lessons.draw(examples, draws)
        outputs = forward(module, batch.inputs, config.bfloat16)
        loss = 0 * outputs.sum()  # a gradient even where no example of the step has a label
        if config.mixing > 0:
            loss = loss + config.mixing * of_answers(outputs, batch)
        known = has_label[examples]
        if config.mixing < 1 and bool(known.any()):
            told = Batch(batch.inputs[known], batch.labels[known], batch.targets[known])
            # as a mean over all examples of the step, of which the others have no such loss
            share = (1 - config.mixing) * known.float().mean()
            loss = loss + share * of_labels(outputs[known], told)
        return loss

    return loss_of


def labelled(num_examples: int, config: StudentConfig) -> Bool[Tensor, " examples"]:
    """Return which training examples keep their labels.

    Raises:
        ConfigError: more are to keep theirs than there are.
    """
    wanted = num_examples if config.num_labelled is None else config.num_labelled
    require(
        wanted <= num_examples,
        "student.num_labelled",
        f"at most the {num_examples} training examples",
        wanted,
        "null uses all labels",
    )
    order = torch.randperm(num_examples, generator=torch.Generator().manual_seed(config.seed))
    chosen = torch.zeros(num_examples, dtype=torch.bool)
    chosen[order[:wanted]] = True
    return chosen


@torch.no_grad()
def _require_same_answers(
    student: nn.Module, teacher: nn.Module, data: Data, config: StudentConfig
) -> None:
    probe = data.validation.inputs[:2]
    shapes = [tuple(network.eval()(probe).shape[1:]) for network in (student, teacher)]
    require(
        shapes[0] == shapes[1],
        "student.name" if config.factory is None else "student.factory",
        f"a network whose answers have the teacher's shape {_times(shapes[1])}",
        _times(shapes[0]),
    )


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of one number"
