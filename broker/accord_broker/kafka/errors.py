"""What Kafka's errors mean for a user, and whether trying again may help."""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka import errors
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest

from accord_broker.kafka.bearer import NoTokenError, Tokens
from accord_broker.kafka.endpoint import Endpoint
from accord_broker.port import BrokerError, TooLargeError

_DENIED = (errors.TopicAuthorizationFailedError, errors.ClusterAuthorizationFailedError)
_CREDENTIALS = (errors.SaslAuthenticationFailed, errors.AuthenticationFailedError)
_TOKEN = (*_CREDENTIALS, errors.KafkaConnectionError, errors.IllegalSaslStateError)
_MECHANISM = (errors.UnsupportedSaslMechanismError, errors.IllegalSaslStateError)
_FOR_GOOD = (
    errors.InvalidTopicError,
    errors.PolicyViolationError,
    errors.InvalidReplicationFactorError,
    errors.InvalidConfigurationError,
    errors.IncompatibleBrokerVersion,
    errors.UnsupportedVersionError,
    errors.UnsupportedCodecError,
)
_SLOW = (TimeoutError, errors.KafkaTimeoutError, errors.RequestTimedOutError)
_LOST = (errors.KafkaConnectionError, errors.NodeNotReadyError, errors.NoBrokersAvailable)
_GONE = (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError)


async def not_connected(endpoint: Endpoint, settings: dict[str, Any]) -> BrokerError:
    """Why no server answers: the client only says that it found none, so each one is asked once more."""
    found: BrokerError | None = None
    bearer: Tokens | None = settings.get("sasl_oauth_token_provider")
    for (host, port), address in zip(endpoint.servers, endpoint.addresses(), strict=True):
        given = bearer.given if bearer else 0
        try:
            connection = await create_conn(host, port, **settings)
            answer = await connection.send(MetadataRequest([])) if bearer else None
        except (OSError, TimeoutError, errors.KafkaError) as error:
            shown = bearer is not None and bearer.given > given
            why = (
                _token(endpoint, address) if shown and isinstance(error, _TOKEN) else _refused(endpoint, address, error)
            )
            found = found if found and not found.retry else why
        else:
            await connection.close()
            if answer is not None and not answer.brokers:
                found = _token(endpoint, address)
    return found or BrokerError(f"{endpoint} does not answer as a Kafka cluster does.", retry=True)


def _token(endpoint: Endpoint, address: str) -> BrokerError:
    """The client takes a refused token for an accepted one: the next request closes the connection, or names nobody."""
    hint = "Compare issuer, audience, scope and expiry of the token with what the cluster asks for, and the clocks."
    return BrokerError(f"{address} does not accept the token ({endpoint.mechanism}).", hint=hint)


def _refused(endpoint: Endpoint, address: str, error: Exception) -> BrokerError:
    cause = error.__cause__ or error.__context__
    if not isinstance(error, ssl.SSLError) and isinstance(cause, ssl.SSLError):
        error = cause
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "Name the broker's certificate authority with ca=PATH, and the broker as its certificate does."
        return BrokerError(f"The certificate of {address} is not trusted: {error.verify_message}.", hint=hint)
    if isinstance(error, ssl.SSLError):
        hint = "Is it a TLS listener, and are the certificates the right ones?"
        return BrokerError(f"TLS with {address} failed: {error.reason or error}.", hint=hint)
    if isinstance(error, NoTokenError):
        return BrokerError(error.message, hint=error.hint, retry=True)
    if isinstance(error, _CREDENTIALS):
        hint = "Set ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD (or ..._FILE) to a user that may connect."
        return BrokerError(f"{address} does not accept this user and password ({endpoint.mechanism}).", hint=hint)
    if isinstance(error, _MECHANISM):
        hint = "Name one that it has enabled with mechanism=, or use security=ssl."
        return BrokerError(f"{address} does not know the mechanism {endpoint.mechanism}.", hint=hint)
    if isinstance(error, OSError) and error.errno:
        return BrokerError(f"{address} cannot be reached: {error.strerror or error}.", retry=True)
    hint = f"Is it a Kafka listener, and is security={endpoint.security} what it wants?"
    if endpoint.security != "plaintext":
        hint += " TLS may stand and the user, the password or the own certificate be wrong."
    return BrokerError(f"{address} was reached, but closed the connection or did not answer.", hint=hint, retry=True)


def not_published(endpoint: Endpoint, topic: str, error: BaseException) -> BrokerError:
    """Why a record was not taken."""
    error = _cause(error)
    if isinstance(error, _DENIED):
        return right(endpoint, topic, "Write")
    if isinstance(error, errors.MessageSizeTooLargeError):
        hint = "Raise the topic's max.message.bytes, or lower the chunk size."
        return TooLargeError(f"A record on {topic} exceeds the max.message.bytes of {endpoint}.", hint=hint)
    if isinstance(error, errors.InvalidTimestampError):
        hint = "Set the clock right (NTP), or give the topic message.timestamp.type=LogAppendTime."
        message = f"{endpoint} refused a record on {topic} over its time: the clock here differs from the broker's."
        return BrokerError(message, hint=hint)
    return other(endpoint, f"a record on {topic} was not taken", error)


def not_read(endpoint: Endpoint, topic: str, error: BaseException) -> BrokerError:
    """Why a topic cannot be read."""
    error = _cause(error)
    if isinstance(error, _DENIED):
        return right(endpoint, topic, "Read")
    if isinstance(error, _GONE):
        return lost(endpoint, topic)
    return other(endpoint, f"the topic {topic} cannot be read", error)


def right(endpoint: Endpoint, topic: str, name: str) -> BrokerError:
    """A right is missing."""
    hint = f"Grant it to this user in the cluster's access control lists: --topic {topic} --operation {name}."
    return BrokerError(f"{endpoint} denies the right '{name}' on the topic {topic}.", hint=hint)


def lost(endpoint: Endpoint, topic: str) -> BrokerError:
    """The log is not the one that was opened; opening again finds what is there now."""
    return BrokerError(f"The topic {topic} of {endpoint} was replaced or cut off while it was in use.", retry=True)


def leaderless(endpoint: Endpoint, topic: str) -> BrokerError:
    """Nobody serves a topic just now."""
    hint = "Is a broker of the cluster down?"
    return BrokerError(f"The topic {topic} of {endpoint} has no leader.", hint=hint, retry=True)


def ended(endpoint: Endpoint) -> BrokerError:
    """Reading ended and nobody said why."""
    return BrokerError(f"Reading from {endpoint} ended.", retry=True)


def other(endpoint: Endpoint, what: str, error: BaseException) -> BrokerError:
    """Anything else; worth another try unless it is known to last."""
    error = _cause(error)
    if isinstance(error, _SLOW):
        return BrokerError(f"{endpoint} does not answer: {what}.", retry=True)
    if isinstance(error, _LOST):
        return BrokerError(f"The connection to {endpoint} was lost: {what}.", retry=True)
    name, said = type(error).__name__, str(error)
    return BrokerError(f"{endpoint}: {what} ({name}: {said[:200]}).", retry=not isinstance(error, _FOR_GOOD))


def _cause(error: BaseException) -> BaseException:
    """The client wraps what its tasks met."""
    return error.__cause__ if type(error) is errors.KafkaError and error.__cause__ is not None else error
