"""The closed registry of what workers compute: pure functions of fields, secrets, the party's rows and a stream key."""

from accord_protocols.tasks.registry import TASKS, Context, Result, Task, run

__all__ = ["TASKS", "Context", "Result", "Task", "run"]
