#!/usr/bin/env bash
# Kafka Connect's default header converter (SimpleHeaderConverter, connect-api 4.1.1) guesses a type for header text and
# writes it anew: `ce_specversion: 1.0` leaves a sink or a mirror as `1`, so every CloudEvent in binary mode is changed.
# StringConverter and ByteArrayConverter leave it alone; `header.converter` has to be set.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>f</groupId><artifactId>f</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>connect-api</artifactId><version>4.1.1</version></dependency><dependency>
<groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency></dependencies></project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=libs
cat > Again.java <<'JAVA'
import java.util.Map;
import org.apache.kafka.connect.storage.*;

public class Again {
    static String through(HeaderConverter converter, String text) {
        converter.configure(Map.of("converter.type", "header"));
        var read = converter.toConnectHeader("t", "ce_x", text.getBytes());
        return new String(converter.fromConnectHeader("t", "ce_x", read.schema(), read.value()));
    }

    public static void main(String[] args) {
        for (String text : args)
            System.out.println(text + " -> SimpleHeaderConverter " + through(new SimpleHeaderConverter(), text)
                + ", StringConverter " + through(new StringConverter(), text));
    }
}
JAVA
java -cp 'libs/*' Again.java 1.0 2026-11-28T08:13:49.570Z 0123 > seen
cat seen
grep -qx '1.0 -> SimpleHeaderConverter 1, StringConverter 1.0' seen
