"""What happens to a network before the retraining: one scale for its layers, fewer units."""

from core.shrinking.config import ShrinkingConfig
from core.shrinking.embedding import embed
from core.shrinking.equalising import equalise
from core.shrinking.shrink import shrink

__all__ = ["ShrinkingConfig", "embed", "equalise", "shrink"]
