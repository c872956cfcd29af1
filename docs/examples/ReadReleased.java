import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions.DateConversion;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Prints what is new in a topic of releases, a line of JSON per message, and ends.
 *
 * <p>Arguments: client settings, URL of the schema registry, topic, schema of the fields to print.
 */
public final class ReadReleased {
    private static final Duration WAIT = Duration.ofSeconds(1);
    private static final byte CONFLUENT_FORMAT = 0;

    private final String registry;
    private final Schema wanted;
    private final HttpClient http = HttpClient.newHttpClient();
    private final GenericData data = new GenericData();
    private final Map<Integer, Schema> written = new HashMap<>();

    private ReadReleased(String registry, Schema wanted) {
        this.registry = registry;
        this.wanted = wanted;
        data.addLogicalTypeConversion(new DateConversion());
    }

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (var file = Files.newBufferedReader(Path.of(arguments[0]))) {
            settings.load(file);
        }
        Schema wanted = new Schema.Parser().parse(Files.readString(Path.of(arguments[3])));
        ReadReleased program = new ReadReleased(arguments[1], wanted);
        try (var consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(arguments[2]));
            do {
                for (var message : consumer.poll(WAIT)) {
                    System.out.println(program.line(message));
                }
                consumer.commitSync();
            } while (!isAtEnd(consumer));
        }
    }

    private static boolean isAtEnd(KafkaConsumer<?, ?> consumer) {
        var ends = consumer.endOffsets(consumer.assignment());
        return !ends.isEmpty()
                && ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    /** A message without a value takes the record back that has its key. */
    private String line(ConsumerRecord<String, byte[]> message) throws IOException, InterruptedException {
        Object released = message.value() == null ? "null" : decode(message.value());
        return "{\"record_id\": \"" + message.key() + "\", \"released\": " + released + "}";
    }

    /** Reads a record by the schema that it was written with, as the schema that is wanted. */
    private Object decode(byte[] value) throws IOException, InterruptedException {
        ByteBuffer bytes = ByteBuffer.wrap(value);
        byte format = bytes.get();
        if (format != CONFLUENT_FORMAT) {
            throw new IOException("format " + format + " of a message; accepted: " + CONFLUENT_FORMAT);
        }
        Schema writer = schema(bytes.getInt());
        var decoder =
                DecoderFactory.get().binaryDecoder(value, bytes.position(), bytes.remaining(), null);
        return new GenericDatumReader<>(writer, wanted, data).read(null, decoder);
    }

    /** An id never means another schema, so each is requested once. */
    private Schema schema(int id) throws IOException, InterruptedException {
        if (!written.containsKey(id)) {
            URI address = URI.create(registry + "/schemas/ids/" + id);
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException("schema " + id + ": the registry answers HTTP " + answer.statusCode());
            }
            String text = new ObjectMapper().readTree(answer.body()).get("schema").asText();
            written.put(id, new Schema.Parser().parse(text));
        }
        return written.get(id);
    }
}
