"""Students: what they learn from whom, and that nothing of it is left to chance."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from core.compress import CompressConfig, compress
from core.data import Split, data_of
from core.errors import ConfigError, RetrainError
from core.factories import CodeConfig
from core.metric import Direction, Metric
from core.networks import description, own_network
from core.post_processing import PostProcessingConfig
from core.reference import ReferenceConfig, measured_network, own_reference, train_reference
from core.retraining import ErrorLoss, RetrainConfig
from core.retraining.training_set import Batch
from core.student import (
    StudentConfig,
    describe_student,
    distil,
    labelled,
    load_or_train_student,
)
from tests.data_sets import small_data, small_reference

STUDENT = description("lenet_5_small")
CONFIG = StudentConfig(name="lenet_5_small", num_epochs=3, batch_size=64)


def test_the_gradient_is_that_of_matching_logits_at_a_high_temperature() -> None:
    """Hinton et al. 2015, section 2.1, eq. 4: of zero-mean logits, (z - v) / num_classes."""
    torch.manual_seed(0)
    answers, teacher = torch.randn(5, 10), torch.randn(5, 10)
    answers, teacher = (logits - logits.mean(1, keepdim=True) for logits in (answers, teacher))
    answers.requires_grad_(True)
    temperature = 1e3
    targets = torch.softmax(teacher / temperature, dim=1)
    labels = torch.zeros(5, dtype=torch.long)
    batch = Batch(torch.zeros(5, 1), labels, targets)
    ErrorLoss(1.0, temperature)(answers, batch).backward()  # type: ignore[no-untyped-call]  # torch's
    assert answers.grad is not None
    wanted = (answers.detach() - teacher) / 10 / len(answers)
    torch.testing.assert_close(answers.grad, wanted, rtol=2e-2, atol=2e-4)


def test_the_loss_is_the_blend_of_both_at_its_temperature() -> None:
    torch.manual_seed(1)
    answers, teacher = torch.randn(6, 10), torch.randn(6, 10)
    labels = torch.randint(0, 10, (6,))
    soft, hard = torch.softmax(teacher / 4, 1), functional.cross_entropy(answers, labels)
    divergence = (soft * (soft.log() - torch.log_softmax(answers / 4, 1))).sum(1).mean()
    loss = ErrorLoss(0.7, 4.0)(answers, Batch(torch.zeros(6, 1), labels, soft))
    torch.testing.assert_close(loss, 0.7 * 16 * divergence + 0.3 * hard)


def test_a_student_of_labels_alone_is_trained_as_a_reference_network_is() -> None:
    data = small_data()
    plain = ReferenceConfig(num_epochs=2, batch_size=64, lr=1e-3, dropout=0.0, seed=5)
    alone = StudentConfig(
        name="lenet_5_small", num_epochs=2, batch_size=64, lr=1e-3, mixing=0.0, seed=5
    )
    trained = train_reference(STUDENT, data, plain)
    student = distil(small_reference(), STUDENT, data, alone)
    for name, tensor in trained.state.items():
        torch.testing.assert_close(student.state[name], tensor, rtol=1e-3, atol=1e-4)


def test_a_student_learns_without_any_label() -> None:
    data, teacher = small_data(), small_reference()
    no_labels = replace(CONFIG, mixing=1.0, num_labelled=0)
    wrong = replace(data, train=replace(data.train, labels=torch.zeros_like(data.train.labels)))
    student = distil(teacher, STUDENT, data, no_labels)
    assert student.validation_error < 0.4
    assert distil(teacher, STUDENT, wrong, no_labels).state.keys() == student.state.keys()
    same = distil(teacher, STUDENT, wrong, no_labels)
    assert all(torch.equal(same.state[name], student.state[name]) for name in student.state)


def test_only_the_labels_that_are_kept_are_read() -> None:
    data, teacher = small_data(), small_reference()
    few = replace(CONFIG, num_epochs=1, mixing=0.5, num_labelled=100, seed=3)
    kept = labelled(len(data.train), few)
    assert int(kept.sum()) == 100
    spoilt = data.train.labels.clone()
    spoilt[~kept] = (spoilt[~kept] + 1) % 10
    other = replace(data, train=replace(data.train, labels=spoilt))
    one, same = (distil(teacher, STUDENT, d, few) for d in (data, other))
    assert all(torch.equal(one.state[name], same.state[name]) for name in one.state)
    spoilt[kept] = (spoilt[kept] + 1) % 10
    third = distil(teacher, STUDENT, other, few)
    assert any(not torch.equal(one.state[name], third.state[name]) for name in one.state)


def test_equal_settings_give_equal_students_and_a_cache_knows_them(tmp_path: Path) -> None:
    data, teacher = small_data(), small_reference()
    short = replace(CONFIG, num_epochs=1)
    state = torch.get_rng_state()
    epochs: list[int] = []

    def ask(config: StudentConfig) -> bytes:
        found = load_or_train_student(
            teacher, data, config, tmp_path, lambda epoch, *_: epochs.append(epoch)
        )
        assert found is not None
        return found.to_bytes()

    first = ask(short)
    assert torch.equal(torch.get_rng_state(), state)
    assert ask(short) == first == ask(replace(short, compressed=True, units=[4, 8, 28]))
    assert epochs == [1]
    assert ask(replace(short, temperature=2.0)) != first
    assert epochs == [1, 1]
    assert load_or_train_student(teacher, data, StudentConfig(), tmp_path) is None


def test_a_compressed_student_is_counted_from_its_teacher() -> None:
    data, teacher = small_data(), small_reference()
    student = distil(teacher, STUDENT, data, CONFIG)
    config = CompressConfig(
        retrain=RetrainConfig(num_epochs=1, batch_size=64),
        post_processing=PostProcessingConfig(fine_tuning_epochs=1),
    )
    outcome = compress(student, data, config, teacher=teacher)
    alone = compress(student, data, config)
    assert outcome.float32_bytes == teacher.float32_bytes
    assert outcome.compression_rate == teacher.float32_bytes / outcome.file_bytes
    assert outcome.accuracy_loss == outcome.validation_error - teacher.validation_error
    assert alone.accuracy_loss == alone.validation_error - student.validation_error
    num_nonzeros = sum(layer.num_nonzeros for layer in outcome.layers)
    assert outcome.nonzero_fraction == pytest.approx(num_nonzeros / 266_200)
    assert outcome.file != alone.file  # another network has answered


def test_a_step_without_any_label_changes_nothing_by_itself() -> None:
    data, teacher = small_data(), small_reference()
    few = replace(CONFIG, num_epochs=1, batch_size=16, mixing=0.0, num_labelled=3)
    student = distil(teacher, STUDENT, data, few)
    assert all(bool(tensor.isfinite().all()) for tensor in student.state.values())
    # Adam goes on by its momentum alone, so that three labels say all there is to say
    other = replace(data, train=replace(data.train, labels=_but(data.train.labels, few)))
    again = distil(teacher, STUDENT, other, few)
    assert all(torch.equal(again.state[name], student.state[name]) for name in student.state)


def _but(labels: Tensor, config: StudentConfig) -> Tensor:
    """Return labels that are other ones where a student does not read them."""
    kept = labelled(len(labels), config)
    return torch.where(kept, labels, (labels + 1) % 10)


def test_a_student_at_chance_is_told_with_the_keys_of_its_own_training(tmp_path: Path) -> None:
    still = replace(CONFIG, num_epochs=1, lr=1e-12)
    said = r"error of the student lenet_5_small must be .* student\.lr or more student\.num_epochs"
    with pytest.raises(RetrainError, match=said):
        load_or_train_student(small_reference(), small_data(), still, tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mixing": 1.5}, r"student.mixing must be in \[0, 1\], but got 1.5"),
        ({"temperature": 0.0}, r"student.temperature must be > 0"),
        ({"name": "nix"}, r"student.name must be one of .*lenet_5_small.*, but got nix"),
        ({"num_labelled": 0}, r"student.mixing must be 1 where student.num_labelled=0"),
        ({"name": None, "compressed": True}, r"student.compressed must be false without a student"),
        ({"num_epochs": 0}, r"student.num_epochs must be >= 1"),
        ({"units": [8, 0]}, r"student.units must be >= 1 each, but got \[8, 0\]"),
    ],
)
def test_a_mistake_is_one_line(values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        StudentConfig(**{"name": "lenet_5_small", **values})  # type: ignore[arg-type]  # mistakes


def test_what_does_not_fit_is_refused() -> None:
    data, teacher = small_data(), small_reference()
    wide = own_network(
        "wide",
        lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 12)),
        (1, 28, 28),
        10,
    )
    with pytest.raises(ConfigError, match=r"student.name must be a network whose answers .* 10"):
        distil(teacher, wide, data, CONFIG)
    tall = own_network("tall", lambda: torch.nn.Linear(30, 10), (1, 28, 28), 10)
    with pytest.raises(ConfigError, match=r"data and student must fit: the network on inputs of"):
        distil(teacher, tall, data, CONFIG)
    with pytest.raises(ConfigError, match=r"student.num_labelled must be at most the 2,?\d+"):
        distil(teacher, STUDENT, data, replace(CONFIG, num_labelled=10**6))
    turned = data_of(
        "vectors",
        *(
            replace(split, inputs=split.inputs.flatten(1))
            for split in (data.train, data.validation, data.test)
        ),
    )
    linear = own_network("linear", lambda: torch.nn.Linear(784, 10), (784,), 10)
    untrained = measured_network("linear", linear.build(), turned, linear)
    with pytest.raises(ConfigError, match=r"student.augment_shift must be off for inputs that are"):
        distil(untrained, linear, turned, replace(CONFIG, augment_shift=1))
    with pytest.raises(ConfigError, match=r"student.factory"):
        foreign = StudentConfig(factory="somebody.nets:make")
        describe_student(foreign, data, CodeConfig())


def test_a_student_of_numbers_learns_from_answers_without_labels() -> None:
    """Squared errors in the places of both losses, and a loss of one's own needs labels."""
    torch.manual_seed(0)
    inputs = torch.randn(300, 4)
    labels = (inputs @ torch.tensor([1.0, -2.0, 0.5, 0.0]))[:, None]
    metric = Metric(
        name="squared error",
        evaluate=lambda outputs, wanted: float((outputs - wanted).square().mean()),
        direction=Direction.minimise,
        loss=lambda outputs, wanted: (outputs - wanted).abs().mean(),
    )
    parts = [
        Split(inputs=inputs[a:b], labels=labels[a:b], metric=metric)
        for a, b in ((0, 200), (200, 250), (250, 300))
    ]
    data = data_of("numbers", parts[0], parts[1], parts[2])
    linear = own_network("linear", lambda: torch.nn.Linear(4, 1), (4,), 1)
    exact = {"weight": torch.tensor([[1.0, -2.0, 0.5, 0.0]]), "bias": torch.zeros(1)}
    teacher = own_reference(linear, exact, data)
    lessons = StudentConfig(num_epochs=60, batch_size=20, lr=3e-2, mixing=1.0, num_labelled=0)
    student = distil(teacher, linear, data, lessons)
    assert student.validation_error < 0.05
    both = replace(lessons, mixing=0.5, num_labelled=50)
    assert distil(teacher, linear, data, both).validation_error < 0.05
