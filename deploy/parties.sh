#!/bin/sh
# Makes the folders of the three parties of the scenario `diabetes`, for a demonstration on one machine: each with its
# own keystore, and with the identities of the others pinned. In earnest every company does its part on its own machine
# and compares fingerprints by telephone.
#
#   parties.sh DIR          with ACCORD_BROKER, or ACCORD_BROKER_LAB for the lab alone, naming the brokers
set -eu
cd "$1"
[ -e ready ] && exit 0
# Stopped half-way, it goes on where it was: a keystore never loses its passphrase.
[ -e scenario/scenario.yaml ] || accord scenario show diabetes --copy scenario >/dev/null
umask 077
for party in registry clinic lab; do
  mkdir -p "$party"
  [ -s "$party/passphrase" ] || head -c 32 /dev/urandom | base64 >"$party/passphrase"
  label=null broker=$ACCORD_BROKER
  [ "$party" = registry ] && label=progression
  [ "$party" = lab ] && broker=${ACCORD_BROKER_LAB:-$broker}
  cat >"$party/party.yaml" <<YAML
party: $party
broker: $broker
data: {csv: ../scenario/$party.csv, id: patient, label: $label}
policy: {proposals: accept, protection: [shared], require_gate: true}
keystore: keystore
passphrase_file: passphrase
identities: identities.json
out: runs
YAML
  [ -e "$party/keystore" ] || accord keys init --config "$party/party.yaml"
  accord keys export "$party/identity.json" --config "$party/party.yaml" >/dev/null
done
for party in registry clinic lab; do
  for other in registry clinic lab; do
    [ "$party" = "$other" ] || accord keys trust "$other/identity.json" --config "$party/party.yaml" >/dev/null
  done
done
touch ready
