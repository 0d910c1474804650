#!/usr/bin/env bash
# Mosquitto 2.1: `max_inflight_messages 0` is "no maximum" by its manual, and 65535, what MQTT 5 takes for granted, becomes 0
# as it is read. The quota of messages that may come in is then 0, too: of every single message with QoS 1 the server
# warns that its client "has exceeded its receive-maximum quota. This behaviour must be fixed on the client", though none
# was announced and one message at a time is sent. 2.1.2 takes the message all the same; the log has a line for each.
# With 65534 it says nothing, nor does 2.0 with any of them.
# Seen with Debian's 2.0.21-1 and 2.1.2-3, which run here out of a temporary folder with libraries of their own.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | awk '/\/debian\/*$/ && !n++')

bring() {  # the folder $1 with Mosquitto $2 out of Debian's suite $3
  mkdir -p "$1/lists/partial" "$1/archives/partial"; : >"$1/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $3 main" >"$1/list"
  printf '%s;\n' "Dir::State \"$PWD/$1\"" "Dir::State::status \"$PWD/$1/status\"" "Dir::Cache \"$PWD/$1\"" \
    "Dir::Etc::sourcelist \"$PWD/$1/list\"" 'Dir::Etc::sourceparts "/dev/null"' 'Dir::Etc::preferencesparts "/dev/null"' \
    'APT::Sandbox::User "root"' 'APT::Install-Recommends "false"' >"$1/conf"
  APT_CONFIG=$1/conf apt-get update -qq
  APT_CONFIG=$1/conf apt-get install -qq -y --download-only "mosquitto=$2"
  for package in "$1"/archives/*.deb; do dpkg-deb -x "$package" "$1/root"; done
  PATH=$PATH:/usr/sbin:/sbin ldconfig -n "$1"/root/usr/lib/*-linux-gnu
}

bring old 2.0.21-1 trixie
bring new 2.1.2-3 sid
python3 - <<'PY'
import os
import socket
import subprocess
import time
from pathlib import Path

CONNECT = bytes([0x10, 14, 0, 4, *b"MQTT", 5, 2, 0, 60, 0, 0, 1, *b"c"])  # MQTT 5, a clean start, the client id "c"
WORDS = "has exceeded its receive-maximum quota"


def publish(number: int) -> bytes:
    return bytes([0x32, 7, 0, 1, *b"t", 0, number, 0, *b"m"])  # QoS 1


def packet(client: socket.socket) -> bytes:
    kind, size = client.recv(2, socket.MSG_WAITALL)
    return bytes([kind]) + client.recv(size, socket.MSG_WAITALL)


def count(which: str, limit: int) -> tuple[int, bool, int]:
    """How many of five messages are acknowledged, whether a receive maximum is announced, and how many warnings there are."""
    root = Path(which, "root").resolve()
    (libraries,) = (root / "usr" / "lib").glob("*-linux-gnu")
    (loader,) = libraries.glob("ld-linux*")
    log, door = Path("log"), Path("socket")
    door.unlink(missing_ok=True)
    user = "user root\n" if os.geteuid() == 0 else ""
    Path("conf").write_text(f"{user}listener 0 {door.resolve()}\nallow_anonymous true\nmax_inflight_messages {limit}\n")
    with log.open("wb") as output:
        command = [loader, "--library-path", libraries, root / "usr" / "sbin" / "mosquitto", "-c", "conf"]
        server = subprocess.Popen(command, stdout=output, stderr=output)
    with socket.socket(socket.AF_UNIX) as client:
        while client.connect_ex(str(door)):
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        client.sendall(CONNECT)
        connack = packet(client)
        taken = 0
        for number in range(1, 6):  # each after the answer to the one before
            client.sendall(publish(number))
            taken += packet(client)[0] == 0x40
    server.terminate()
    server.wait()
    return taken, b"\x21" in connack[3:], log.read_text().count(WORDS)


odd = 0
EXPECTED = {("old", 0): (5, False, 0), ("new", 0): (5, False, 5), ("new", 65535): (5, False, 5), ("new", 65534): (5, True, 0)}
for (which, limit), expected in EXPECTED.items():
    taken, announced, warnings = found = count(which, limit)
    version = {"old": "2.0.21", "new": "2.1.2"}[which]
    said = "a receive maximum" if announced else "no receive maximum"
    print(f"Mosquitto {version}, max_inflight_messages {limit}: {said}, {taken} of 5 messages acknowledged, {warnings} warnings")
    odd += found != expected
raise SystemExit(odd)
PY
