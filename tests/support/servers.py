"""A real Apache Kafka 4.1.1 for tests: its jars by Maven into a cache, one server per kind and test session.

``ACCORD_TEST_KAFKA_VERSION=4.4.0`` has all of them on another version that Maven Central has, and
``ACCORD_TEST_MIRROR_MAKER_VERSION`` MirrorMaker on one of its own: not every part of a version is served everywhere.
``ACCORD_TEST_KAFKA=HOST:PORT`` names a running plain broker to use instead; what needs a server of one's own is then
left out, as everything is where Java or Maven is missing.
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import datetime
import functools
import ipaddress
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int8, Int16, Int32, Schema, String
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.brought import brought, fetch
from tests.support.issuer import Signer
from tests.support.real import asked_for, unavailable

FLOOR = "4.1.1"
VERSION = os.environ.get("ACCORD_TEST_KAFKA_VERSION") or FLOOR
SERVER, MIRROR = "kafka_2.13", "connect-mirror"
VERSIONS = {SERVER: VERSION, MIRROR: os.environ.get("ACCORD_TEST_MIRROR_MAKER_VERSION") or VERSION}
PARTS = [
    *[("org.apache.logging.log4j", name, "2.24.3") for name in ("log4j-core", "log4j-slf4j-impl", "log4j-1.2-api")],
    ("com.fasterxml.jackson.dataformat", "jackson-dataformat-yaml", "2.19.0"),
]
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>accord</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>{}</dependencies></project>"""
LOG4J = """Configuration: {Appenders: {Console: {name: O, PatternLayout: {pattern: "%p %m%n"}}},
  Loggers: {Root: {level: WARN, AppenderRef: [{ref: O}]}, Logger: {name: kafka.server, level: INFO}}}"""
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners={protocol}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
advertised.listeners={protocol}://127.0.0.1:{advertised}
controller.listener.names=CONTROLLER
inter.broker.listener.name={protocol}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocol}:{protocol}
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=65536
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
MUTUAL = """ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
ssl.client.auth=required
"""
SECURED = """sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule \
required username="admin" password="admin-secret";
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.\
OAuthBearerLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.\
OAuthBearerValidatorCallbackHandler
listener.name.sasl_ssl.oauthbearer.connections.max.reauth.ms=3600000
sasl.oauthbearer.jwt.validator.class=org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator
sasl.oauthbearer.jwks.endpoint.url=file://{folder}/jwks.json
sasl.oauthbearer.expected.audience=kafka
sasl.oauthbearer.expected.issuer=https://login.example
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
ssl.client.auth=none
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
allow.everyone.if.no.acl.found=false
"""
JAVA = ["java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
TOPIC, LITERAL, PREFIXED, ALLOW = 2, 3, 4, 3
RIGHTS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
USERS = ("admin", "bank", "shop", "stranger")
MISSING = [name for name in ("java", "mvn") if shutil.which(name) is None]
OUTSIDE = os.environ.get("ACCORD_TEST_KAFKA")


def password(user: str) -> str:
    return f"{user}-secret"


@functools.cache
def jars(what: str = SERVER) -> Path:
    """The folder of a part of Kafka and of all that it needs."""
    version = VERSIONS[what]
    name = f"kafka-{version}" if what == SERVER else f"kafka-{what}-{version}"

    def make(work: Path) -> None:
        wanted = [("org.apache.kafka", what, version), *PARTS]
        parts = [f"<groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version>" for g, a, v in wanted]
        (work / "pom.xml").write_text(POM.format("".join(f"<dependency>{p}</dependency>" for p in parts)))
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
        fetch(f"{what} {version}", ["mvn", "-q", "-B", *goal], work)

    return brought(name, make) / "libs"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class CreateAclsResponse1(Response):  # type: ignore[misc]
    """Of Kafka's CreateAcls, version 1; aiokafka has none."""

    API_KEY, API_VERSION = 30, 1
    SCHEMA = Schema(("throttle_time_ms", Int32), ("results", Array(("code", Int16), ("message", String("utf-8")))))


class CreateAclsRequest1(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, RESPONSE_TYPE = 30, 1, CreateAclsResponse1
    _TEXT = String("utf-8")
    _WHO = (("principal", _TEXT), ("host", _TEXT), ("operation", Int8), ("permission", Int8))
    SCHEMA = Schema(("entries", Array(("kind", Int8), ("name", _TEXT), ("pattern", Int8), *_WHO)))


class CreateAcls(Request[CreateAclsRequest1]):  # type: ignore[misc]
    API_KEY = 30

    def __init__(self, entries: list[tuple[object, ...]]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[CreateAclsRequest1]) -> CreateAclsRequest1:
        return request_struct_class(self._entries)


class DescribeAclsResponse1(Response):  # type: ignore[misc]
    """Of Kafka's DescribeAcls, version 1."""

    API_KEY, API_VERSION = 29, 1
    _RULES = Array(("principal", String("utf-8")), ("host", String("utf-8")), ("operation", Int8), ("permission", Int8))
    _FOUND = Array(("kind", Int8), ("name", String("utf-8")), ("pattern", Int8), ("rules", _RULES))
    SCHEMA = Schema(("throttle_time_ms", Int32), ("code", Int16), ("error", String("utf-8")), ("resources", _FOUND))


class DescribeAclsRequest1(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, RESPONSE_TYPE = 29, 1, DescribeAclsResponse1
    _TEXT = String("utf-8")
    _WHO = (("principal", _TEXT), ("host", _TEXT), ("operation", Int8), ("permission", Int8))
    SCHEMA = Schema(("kind", Int8), ("name", _TEXT), ("pattern", Int8), *_WHO)


class DescribeAcls(Request[DescribeAclsRequest1]):  # type: ignore[misc]
    API_KEY = 29

    def __init__(self, wanted: tuple[object, ...]) -> None:
        self._wanted = wanted

    def build(self, request_struct_class: type[DescribeAclsRequest1]) -> DescribeAclsRequest1:
        return request_struct_class(*self._wanted)


class Kafka:
    """A single-node server on loopback; stops only what it started.

    Args:
        folder: A new folder for its files.
        secured: SASL_SSL with SCRAM-SHA-512 for `USERS` and ACLs, of which there are none yet, instead of all in clear.
        mutual: TLS in which clients show a certificate, `client.pem` with `client.key`, too.
        advertised: The port that clients are told to use, where it is not the own one.
    """

    def __init__(self, folder: Path, *, secured: bool = False, mutual: bool = False, advertised: int = 0) -> None:
        self.folder, self.port, self.secured = folder, free_port(), secured
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        protocol = "SASL_SSL" if secured else "SSL" if mutual else "PLAINTEXT"
        values = {"control": free_port(), "protocol": protocol, "port": self.port, "folder": folder}
        values["advertised"] = advertised or self.port
        settings = SETTINGS + (SECURED if secured else MUTUAL if mutual else "")
        (folder / "server.properties").write_text(settings.format(**values))
        (folder / "log4j2.yaml").write_text(LOG4J)
        users: list[str] = []
        if secured or mutual:
            certificates(folder)
        self.signer = Signer()
        if secured:
            (folder / "jwks.json").write_text(self.signer.jwks())
        if secured:
            for user in USERS:
                users += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password(user)}]"]
        cluster = base64.urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")
        self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", f"{folder}/server.properties", *users)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def url(self, namespace: str) -> str:
        extra = f"?security=sasl_ssl&ca={self.ca}" if self.secured else ""
        return f"kafka://{self.host}/{namespace}{extra}"

    def start(self) -> None:
        log = self.folder / f"kafka-{time.monotonic_ns()}.log"
        command = [*self._command(), "kafka.Kafka", f"{self.folder}/server.properties"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        for _ in range(600):
            time.sleep(0.1)
            assert self.process.poll() is None, log.read_text()[-3000:]
            if "Kafka Server started" in log.read_text():
                return
        raise AssertionError(log.read_text()[-3000:])

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def keep(self) -> None:
        """A copy of all its files as they are; it goes on, and a copy in use recovers like after a power cut."""
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        shutil.copytree(self.folder / "data", self.folder / "backup")

    def restore(self) -> None:
        """Put the copy back and start again."""
        self.stop()
        shutil.rmtree(self.folder / "data")
        (self.folder / "backup").rename(self.folder / "data")
        self.start()

    async def allow(self, user: str, topic: str, *rights: str) -> None:
        """Grant rights on a topic, or on all topics that begin with what stands before a final ``*``."""
        pattern = PREFIXED if topic.endswith("*") else LITERAL
        what = (TOPIC, topic.rstrip("*"), pattern, f"User:{user}", "*")
        entries: list[tuple[object, ...]] = [(*what, RIGHTS[right], ALLOW) for right in rights]
        admin = self.admin()
        await admin.start()
        answer = await admin._send_request(CreateAcls(entries))
        assert all(code == 0 for code, _ in answer.results)
        for entry in entries:  # the controller has them; the broker goes by them a little later
            while not (await admin._send_request(DescribeAcls(entry))).resources:
                await asyncio.sleep(0.05)
        await admin.close()

    def admin(self) -> AIOKafkaAdminClient:
        """An administrator's client, to be started by whoever asks."""
        secured: dict[str, object] = {}
        if self.secured:
            secured = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"}
            secured |= {"sasl_plain_username": "admin", "sasl_plain_password": password("admin")}
            secured["ssl_context"] = ssl.create_default_context(cafile=self.folder / "ca.pem")
        return AIOKafkaAdminClient(bootstrap_servers=self.host, **secured)

    def _command(self) -> list[str]:
        # Kafka 4 reads keys from nowhere that is not allowed
        keys = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://{self.folder}/jwks.json"
        return [*JAVA, keys, f"-Dlog4j2.configurationFile={self.folder}/log4j2.yaml", "-cp", f"{jars()}/*"]

    def _java(self, *arguments: str) -> None:
        done = subprocess.run([*self._command(), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def certificates(folder: Path) -> None:
    """A certificate authority, `ca.pem`, a server for 127.0.0.1, `broker.pem`, and a client."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(
        name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer)]
        builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(30))
        builder = builder.add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(signer, hashes.SHA256())

    root, server, client = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "ca.pem").write_bytes(certificate("ca", root, "ca", root).public_bytes(pem))
    secret = server.private_bytes(pem, pkcs8, serialization.NoEncryption())
    (folder / "broker.pem").write_bytes(secret + certificate("broker", server, "ca", root).public_bytes(pem))
    (folder / "client.pem").write_bytes(certificate("client", client, "ca", root).public_bytes(pem))
    (folder / "client.key").write_bytes(client.private_bytes(pem, pkcs8, serialization.NoEncryption()))


def needs_kafka(*, own: bool = False) -> None:
    """Leave a module out unless real brokers were asked for; fail where there is none, or none of one's `own`."""
    asked_for()
    if MISSING and (own or OUTSIDE is None):
        unavailable(f"no Apache Kafka without {' and '.join(MISSING)}")


@functools.cache
def kafka(*, secured: bool = False) -> Kafka:
    """The session's server of that kind, running; tests that need one are left out where there can be none."""
    folder = tempfile.TemporaryDirectory(prefix="accord-kafka-")
    server = Kafka(Path(folder.name) / "kafka", secured=secured)
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    server.start()
    return server


def plain_url(namespace: str) -> str:
    """A plain Kafka's URL with that namespace."""
    return f"kafka://{OUTSIDE}/{namespace}" if OUTSIDE else kafka().url(namespace)
