"""What tasks give, as the machines read it: a dataclass per form, see `accord_protocols.kernel.inputs.typed`.

Nothing is loaded here that a task needs for its work. Numbers may be a `Blob` where the machine takes them by
reference; its shape is all that is looked at then.
"""
