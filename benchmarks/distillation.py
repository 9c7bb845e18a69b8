"""A teacher, its student, and what the student learns from it (Hinton, Vinyals & Dean 2015).

``python -m benchmarks.distillation`` trains a student on MNIST in five ways, three seeds each, and
writes ``results/distillation.json``:

- ``alone``: on the labels;
- ``distilled``: on the teacher's answers and the labels;
- ``without_labels``: on the teacher's answers to the same images, and no label;
- ``few_labels``: on the labels of a few images, and nothing else;
- ``few_labels_distilled``: on these labels, and on the teacher's answers to all images.

The teacher is the reference network of ``experiment=lenet_5_caffe``. Temperature and mixing are
chosen by the validation error of seed 0, which is none of the three.

Beside them stands what the project that this experiment is from has published of another teacher
and another student on other data (VGG-13 and a smaller one on CIFAR-10).
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.inputs import load_inputs
from benchmarks.record import write_result
from core.data import Data
from core.factories import CodeConfig
from core.reference import ReferenceNetwork
from core.runtime import use_one_thread
from core.student import StudentConfig, describe_student, distil, labelled
from search.configuration import compose

EXPERIMENT = "lenet_5_caffe"
STUDENT = "lenet_5_small"
SEEDS = (1, 2, 3)
FEW = 600
TEMPERATURES = (1.5, 4.0, 10.0)
MIXINGS = (0.5,)  # beside the default; 1 reads no label, and is a way of its own
NUM_EPOCHS = 20
NUM_EPOCHS_ON_FEW = 200

PUBLISHED = {
    "is": "published by others, on CIFAR-10 and with other networks: not to be compared with ours",
    "source": "README of a project on neural network compression, section Knowledge Distillation",
    "teacher": {"network": "VGG-13", "num_parameters": 9_416_010, "accuracy": 0.855},
    "alone": {"network": "Custom MiniVGG", "num_parameters": 1_575_690, "accuracy": 0.797},
    "distilled": {"network": "Custom MiniVGG", "num_parameters": 1_575_690, "accuracy": 0.814},
}


def few_of(data: Data, config: StudentConfig) -> Data:
    """Return data whose training images are those alone that keep their labels."""
    train, kept = data.train, labelled(len(data.train), replace(config, num_labelled=FEW))
    few = replace(train, inputs=train.inputs[kept], labels=train.labels[kept])
    return replace(data, train=few)


def taught(teacher: ReferenceNetwork, data: Data, config: StudentConfig) -> ReferenceNetwork:
    """Train a student, tell its validation error and return it."""
    student = distil(teacher, describe_student(config, data, CodeConfig()), data, config)
    print(
        f"  T {config.temperature:g}, mixing {config.mixing:g}, labels {config.num_labelled}, "
        f"seed {config.seed}: validation {student.validation_error:.2%}",
        flush=True,
    )
    return student


def chosen(teacher: ReferenceNetwork, data: Data, config: StudentConfig) -> list[dict[str, Any]]:
    """Return the temperatures and mixings that were tried, that of least validation error first."""
    tried = []

    def note(temperature: float, mixing: float) -> None:
        setting = replace(config, temperature=temperature, mixing=mixing)
        error = taught(teacher, data, setting).validation_error
        tried.append({"temperature": temperature, "mixing": mixing, "validation_error": error})

    for temperature in TEMPERATURES:
        note(temperature, config.mixing)
    best = min(tried, key=lambda row: row["validation_error"])["temperature"]
    for mixing in MIXINGS:
        note(best, mixing)
    return sorted(tried, key=lambda row: row["validation_error"])


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Return mean and spread of what the seeds came to."""
    return {
        "mean": round(statistics.mean(values), 6),
        "standard_deviation": round(statistics.stdev(values), 6),
        "values": [round(value, 6) for value in values],
    }


def learnt(teacher: ReferenceNetwork, data: Data, base: StudentConfig) -> dict[str, Any]:
    """Train all students and return what they came to."""
    tried = chosen(teacher, data, base)
    best = replace(base, temperature=tried[0]["temperature"], mixing=tried[0]["mixing"])
    ways = {
        "alone": replace(best, mixing=0.0),
        "distilled": best,
        "without_labels": replace(best, mixing=1.0, num_labelled=0),
        "few_labels": replace(best, mixing=0.0, num_epochs=NUM_EPOCHS_ON_FEW),
        "few_labels_distilled": replace(best, num_labelled=FEW),
    }
    students: dict[str, list[ReferenceNetwork]] = {}
    for name, way in ways.items():
        print(name, flush=True)
        students[name] = []
        for seed in SEEDS:
            seeded = replace(way, seed=seed)
            on = few_of(data, seeded) if name == "few_labels" else data
            students[name].append(taught(teacher, on, seeded))
    return {
        "teacher": {
            "network": teacher.network_name,
            "num_parameters": teacher.num_parameters,
            "validation_error": teacher.validation_error,
            "test_error": teacher.test_error,
        },
        "student": {"network": STUDENT, "num_parameters": students["alone"][0].num_parameters},
        "tried": tried,
        "num_epochs": NUM_EPOCHS,
        "num_labels_of_few": FEW,
        "students": {
            name: {
                "validation_error": summary([s.validation_error for s in trained]),
                "test_error": summary([s.test_error for s in trained]),
            }
            for name, trained in students.items()
        },
        "published": PUBLISHED,
    }


def main() -> None:
    use_one_thread()
    config = compose([f"experiment={EXPERIMENT}", f"student={STUDENT}"])
    teacher, data = load_inputs(config)
    measured = learnt(teacher, data, replace(config.student, num_epochs=NUM_EPOCHS))
    print(f"written to {write_result('distillation', list(SEEDS), measured)}")


if __name__ == "__main__":
    main()
