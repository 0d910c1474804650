"""One agent of `accord run`, as a process of its own: ``python -m accord_agents CONFIG ERRAND``.

Imports stay inside `main`: worker processes import this module too, and shall not carry an agent's memory.
"""

import sys

STOPPED = 143
"""Exit code of an agent that was told to stop before its one_shot was done, as a shell shows SIGTERM."""
SAYS = "accord: "
"""What a line for people begins with on standard error; nothing else there is worth a reason."""


def main() -> int:
    """Run the agent; returns the exit code."""
    import json
    from pathlib import Path

    from accord_agents.config.party_file import load
    from accord_agents.service.service import OneShotRun
    from accord_agents.service.serving import serve
    from accord_schemas.agreement import Agreement
    from accord_schemas.errors import AccordError

    try:
        one_shot = json.loads(Path(sys.argv[2]).read_bytes())
        agreement = Agreement.decode(one_shot["agreement"]) if one_shot["agreement"] else None
        further = one_shot.get("snapshot"), one_shot.get("ids")
        done = serve(load(Path(sys.argv[1])), OneShotRun(agreement, one_shot["seed"], *further))
    except AccordError as error:
        print(f"{SAYS}{error}", file=sys.stderr)
        return error.exit_code
    return 0 if done else STOPPED


if __name__ == "__main__":
    sys.exit(main())
