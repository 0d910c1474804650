#!/usr/bin/env bash
# Mosquitto 2.1 opens no password file and no access control file that is a symbolic link, as every file is that Kubernetes
# mounts from a Secret or a ConfigMap. It says "Unable to open pwfile" and not why, and ends; folders on the way may be links.
# 2.0 takes both. MOSQUITTO_UNSAFE_ALLOW_SYMLINKS=1 (from 2.1.1) lifts it.
# And a password file that is made by 2.1 has salts of 64 bytes: 2.0 drops such a user, and runs on without it.
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


def program(which: str, name: str) -> list[str]:
    root = Path(which, "root").resolve()
    (libraries,) = (root / "usr" / "lib").glob("*-linux-gnu")
    (loader,) = libraries.glob("ld-linux*")
    return [str(loader), "--library-path", str(libraries), str(root / "usr" / name)]


def start(which: str, settings: str, **environment: str) -> str:
    """What a server says of faults, and whether it listens then or ends."""
    log, door = Path("log"), Path("socket")
    door.unlink(missing_ok=True)
    user = "user root\n" if os.geteuid() == 0 else ""
    Path("conf").write_text(f"{user}listener 0 {door.resolve()}\n{settings}\n")
    with log.open("wb") as output:
        command = [*program(which, "sbin/mosquitto"), "-c", "conf"]
        server = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)
    runs = False
    while server.poll() is None and not runs:
        time.sleep(0.05)
        with socket.socket(socket.AF_UNIX) as client:
            runs = client.connect_ex(str(door)) == 0
    server.kill()
    server.wait()
    faults = [line.partition(": ")[2].replace(os.getcwd(), "") for line in log.read_text().splitlines() if "Error" in line]
    return " ".join([*faults, "runs" if runs else "ends"])


for which in ("old", "new"):
    subprocess.run([*program(which, "bin/mosquitto_passwd"), "-b", "-c", f"{which}.file", "bank", "secret"], check=True, capture_output=True)
    Path(f"{which}.link").symlink_to(f"{which}.file")
Path("rights.file").write_text("user bank\ntopic read a/#\n")
Path("rights.file").chmod(0o600)
Path("rights.link").symlink_to("rights.file")
Path("folder").symlink_to(".")
here, odd = str(Path.cwd()), 0
ALLOWED = {"MOSQUITTO_UNSAFE_ALLOW_SYMLINKS": "1"}
CASES = [
    ("old", "password_file {}/old.link", {}, "runs"),
    ("new", "password_file {}/new.file", {}, "runs"),
    ("new", "password_file {}/old.file", {}, "runs"),
    ("new", "password_file {}/folder/new.file", {}, "runs"),
    ("new", "password_file {}/new.link", {}, 'password-file: Error: Unable to open pwfile "/new.link". ends'),
    ("new", "acl_file {}/rights.link", {}, 'Error: Unable to open acl_file "/rights.link". Error opening acl file "/rights.link". ends'),
    ("new", "password_file {}/new.link", ALLOWED, "runs"),
    ("old", "password_file {}/new.file", {}, "Error: Unable to decode password salt for user bank, removing entry. runs"),
]
for which, settings, environment, expected in CASES:
    told = start(which, settings.format(here), **environment)
    version = {"old": "2.0.21", "new": "2.1.2"}[which]
    print(f"Mosquitto {version}, {' '.join([*environment, settings.format('')])}: {told}")
    odd += told != expected
raise SystemExit(odd)
PY
