"""`accord agent`."""

from __future__ import annotations

import typer

from accord_scenarios.commands.options import PARTY_FILE, Config


def agent(config: Config = PARTY_FILE) -> None:
    """Run one party, for real: take part in collaborations over a shared log until stopped.

    The passphrase of the keystore comes from the file's passphrase_file, else from ACCORD_PASSPHRASE; user and password of the log from
    ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD. What the party consents to is decided by its policy file.

    \b
    Example of a party's file
      party: shop
      broker: embedded:/srv/accord/log.db
      data: {csv: customers.csv, id: email}
      policy: policy.yaml
      keystore: shop.keystore
      identities: identities.json
      out: runs
      metrics: {listen: "127.0.0.1:9400"}   # /metrics, /healthz, /readyz; none without it
    """
    from accord_agents.config.party_file import load
    from accord_agents.service.serving import serve
    from accord_broker.factory import redact

    loaded = load(config)
    typer.echo(
        f"{loaded.party}: running over {redact(loaded.broker)}; its log is {loaded.out / 'agent.log'}; Ctrl-C ends it",
        err=True,
    )
    serve(loaded)
