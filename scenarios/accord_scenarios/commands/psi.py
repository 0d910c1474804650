"""`accord psi`."""

from __future__ import annotations

import typer

from accord_scenarios.commands.options import Force, Log, On, Out, Quiet, ScenarioName, Sets


def psi(
    scenario: ScenarioName,
    out: Out = None,
    broker: Log = None,
    sets: Sets = [],  # noqa: B006  # typer copies it
    force: Force = False,
    executor: On = None,
    quiet: Quiet = False,
) -> None:
    """Find the users that all parties of a scenario share, and nothing else, on this machine.

    Takes any scenario, whatever its job: sections that belong to another one are passed over. DIR/PARTY/intersection.csv then holds the common
    ids. An interrupted run goes on with `accord run --resume DIR`.

    \b
    Examples
      accord psi diabetes
      accord psi lists.yaml --out common --set align.max_overlap=null
    """
    from accord_scenarios import runner

    ended = runner.run(
        scenario, out=out, broker=broker, sets=sets, force=force, quiet=quiet, job="psi", executor=executor
    )
    raise typer.Exit(runner.told(ended, quiet=quiet))
