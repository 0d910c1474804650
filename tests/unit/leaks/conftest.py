"""What single parties see."""

from tests.support.leaks import views

__all__ = ["views"]
