"""``compress``: one retraining with given hyperparameters, outside any study."""

from core.codec import write_file
from core.compress import compress as compress_network
from core.outcome import CompressionOutcome
from core.reference import ReferenceNetwork, load_or_train_reference
from core.runtime import use_one_thread
from core.student import load_or_train_student
from search.command_line.epoch_lines import EpochLines
from search.command_line.printing import print_json, print_lines
from search.command_line.request import Request
from search.composition import as_override
from search.compression import compress_config, start_of
from search.configuration import OutputFormat, SoftshareConfig, compose
from search.inputs import load_inputs
from search.quantities import count, duration, percent, points, rate
from search.scoring import score
from search.setting import setting_values


def compress(request: Request) -> None:
    """Compress the reference network once, print the outcome and write the file if asked to."""
    config = compose(compress_overrides(request))
    use_one_thread()
    lines = EpochLines()
    data = load_inputs(config)
    reference = load_or_train_reference(
        config.model,
        data,
        config.reference,
        config.cache_dir,
        lines.reference_epoch,
        config.code,
    )
    student = None
    if config.student.compressed:
        student = load_or_train_student(
            reference, data, config.student, config.cache_dir, lines.student_epoch, config.code
        )
    started, teacher = start_of(config, reference, student)
    outcome = compress_network(
        started,
        data,
        compress_config(config),
        lines.retraining_epoch(reference.validation_error),
        teacher=teacher,
    )
    if "to" in request.arguments:
        write_file(request.path("to"), outcome.file)
    if config.output is OutputFormat.json:
        print_json(_outcome_json(outcome, reference))
    else:
        _print_outcome(outcome, reference, config)
        if "to" in request.arguments:
            print_lines(f"written to {request.path('to')}")


def compress_overrides(request: Request) -> list[str]:
    """Return the overrides of a command line, after those of the setting it starts from.

    Raises:
        ConfigError: there is no such setting.
    """
    if "setting" not in request.arguments:
        return list(request.overrides)
    values = setting_values(request.arguments["setting"])
    return [*(as_override(key, value) for key, value in values.items()), *request.overrides]


def _print_outcome(
    outcome: CompressionOutcome, reference: ReferenceNetwork, config: SoftshareConfig
) -> None:
    judged = score(outcome, config.score)
    cap = percent(config.score.max_accuracy_loss)
    print_lines(
        f"file: {count(outcome.file_bytes)} bytes, {rate(outcome.compression_rate)} smaller than "
        f"{count(outcome.float32_bytes)}; in Han's format, weights only, "
        f"{rate(outcome.han_compression_rate)}",
        f"validation error: {percent(outcome.validation_error)}, accuracy loss "
        f"{points(outcome.accuracy_loss)} points, {'within' if judged.feasible else 'beyond'} the "
        f"cap of {cap}",
        f"test error: {percent(outcome.test_error)}, reference network "
        f"{percent(reference.test_error)}",
        f"non-zero weights: {percent(outcome.nonzero_fraction)}",
        f"time: {duration(outcome.seconds)}",
    )


def _outcome_json(outcome: CompressionOutcome, reference: ReferenceNetwork) -> dict[str, object]:
    return {
        "reference": {
            "validation_error": reference.validation_error,
            "test_error": reference.test_error,
            "num_parameters": reference.num_parameters,
            "float32_bytes": reference.float32_bytes,
        },
        "accuracy_loss": outcome.accuracy_loss,
        "validation_error": outcome.validation_error,
        "test_error": outcome.test_error,
        "compression_rate": outcome.compression_rate,
        "file_bytes": outcome.file_bytes,
        "han_compression_rate": outcome.han_compression_rate,
        "nonzero_fraction": outcome.nonzero_fraction,
        "seconds": outcome.seconds,
    }
