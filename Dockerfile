# One party's agent. Mount the party's folder at /party: party.yaml, its data, keystore and results.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY protocols protocols
COPY broker broker
COPY agents agents
COPY scenarios scenarios
RUN python -m venv /opt/accord && /opt/accord/bin/pip install --no-cache-dir .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/accord /opt/accord
RUN useradd --uid 10001 --create-home accord && mkdir /party && chown accord /party
ENV PATH=/opt/accord/bin:$PATH PYTHONUNBUFFERED=1
USER accord
WORKDIR /party
VOLUME /party
# An agent that is told to stop ends within seconds and goes on where it was.
STOPSIGNAL SIGTERM
ENTRYPOINT ["accord"]
CMD ["agent", "--config", "party.yaml"]
