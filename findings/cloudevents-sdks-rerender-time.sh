#!/usr/bin/env bash
# CloudEvents SDKs parse `time` and write it anew: an event that is read and written again says 08:13:49.570000Z (Python
# cloudevents 2.2.0) or 08:13:49.57Z (Go sdk-go v2.16.2) where it said 08:13:49.570Z. A signature over attributes has
# to be checked over the text that came, before any SDK has seen it.
set -euo pipefail
work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT; cd "$work"
said=2026-11-28T08:13:49.570Z

python3 -m venv py && py/bin/pip install -q --disable-pip-version-check cloudevents==2.2.0
cat > again.py <<'PY'
import sys
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
headers = {"ce_specversion": b"1.0", "ce_type": b"t", "ce_source": b"s", "ce_id": b"1", "ce_time": sys.argv[1].encode()}
event = from_binary_event(KafkaMessage(headers={**headers, "content-type": b"application/json"}, key=None, value=b"{}"))
print(to_binary_event(event).headers["ce_time"].decode())
PY
python=$(py/bin/python again.py $said)

cat > go.mod <<'GO'
module again
go 1.23
require github.com/cloudevents/sdk-go/v2 v2.16.2
GO
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	ctx := context.Background()
	header := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Type": {"t"}, "Ce-Source": {"s"}, "Ce-Id": {"1"},
		"Ce-Time": {os.Args[1]}, "Content-Type": {"application/json"}}
	event, err := binding.ToEvent(ctx, cehttp.NewMessage(header, http.NoBody))
	if err != nil {
		panic(err)
	}
	again, _ := http.NewRequest("POST", "http://localhost", strings.NewReader(""))
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(event), again); err != nil {
		panic(err)
	}
	fmt.Println(again.Header.Get("Ce-Time"))
}
GO
export GOPATH=$work/gopath GOFLAGS=-mod=mod
go=$(go run . $said 2> go.log) || { cat go.log; exit 1; }

echo "said $said; Python cloudevents 2.2.0 writes $python; Go sdk-go v2.16.2 writes $go"
[ "$python" = 2026-11-28T08:13:49.570000Z ] && [ "$go" = 2026-11-28T08:13:49.57Z ]
