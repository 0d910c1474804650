import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads Accord's events from Kafka with the CloudEvents SDK for Java: mvn -q compile exec:java -Dexec.args="HOST:PORT
 * NAMESPACE". Prints a line of JSON for each event, from the beginning of every topic to where its end is now.
 */
public final class Read {
  private static final List<String> FAMILIES =
      List.of("control", "keys", "psi", "intermediates", "gradients", "results");

  private Read() {}

  private static Map<String, Object> about(CloudEvent event) throws Exception {
    byte[] data = event.getData() == null ? new byte[0] : event.getData().toBytes();
    Map<String, Object> extensions = new TreeMap<>();
    event.getExtensionNames().forEach(name -> extensions.put(name, event.getExtension(name)));
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("id", event.getId());
    line.put("source", event.getSource().toString());
    line.put("type", event.getType());
    line.put("subject", event.getSubject());
    line.put("datacontenttype", event.getDataContentType());
    line.put("extensions", extensions);
    line.put("bytes", data.length);
    line.put("sha256", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data)));
    return line;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 2) {
      System.err.println("usage: mvn -q compile exec:java -Dexec.args=\"HOST:PORT NAMESPACE\"");
      System.exit(2);
    }
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("enable.auto.commit", "false");
    ObjectMapper json = new ObjectMapper();
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new CloudEventDeserializer())) {
      List<TopicPartition> topics =
          FAMILIES.stream().map(family -> new TopicPartition(arguments[1] + "." + family, 0)).toList();
      consumer.assign(topics);
      consumer.seekToBeginning(topics);
      Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(topics));
      while (topics.stream().anyMatch(topic -> consumer.position(topic) < ends.get(topic))) {
        for (var record : consumer.poll(Duration.ofMillis(500))) {
          if (record.offset() < ends.get(new TopicPartition(record.topic(), 0))) {
            System.out.println(json.writeValueAsString(about(record.value())));
          }
        }
      }
    }
  }
}
