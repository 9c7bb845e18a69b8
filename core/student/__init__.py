"""A student: a smaller network that learns from the reference network, to be compressed as well."""

from core.student.cache import describe_student, load_or_train_student
from core.student.config import StudentConfig
from core.student.distil import distil, labelled

__all__ = ["StudentConfig", "describe_student", "distil", "labelled", "load_or_train_student"]
