package centime.peer;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The budget-alert job as a Kafka Streams user would write it: exactly_once_v2, RocksDB with a changelog, a cache in
 * front of it. Every create_transaction becomes a transaction_created; one that takes its category's spending of the
 * month from at most the limit to above it becomes a budget_exceeded too. It knows no other command: less than centime
 * does.
 *
 * <p>Arguments: bootstrap servers, stream threads, commit interval in ms, state directory.
 */
public final class BudgetAlerts {
  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
  private static final ObjectReader COMMAND =
      JSON.readerFor(JSON.getTypeFactory().constructParametricType(Envelope.class, Transaction.class));
  private static final BigDecimal LIMIT = new BigDecimal("100.00");

  private BudgetAlerts() {}

  private static <D> byte[] event(Envelope<Transaction> cause, String type, D data) throws IOException {
    Envelope<D> event = new Envelope<>();
    byte[] name = (cause.subject + "/" + cause.id + "/" + type).getBytes(StandardCharsets.UTF_8);
    event.id = UUID.nameUUIDFromBytes(name).toString();
    event.source = "/kafka-streams";
    event.type = type;
    event.subject = cause.subject;
    event.time = cause.time;
    event.causationid = cause.id;
    event.data = data;
    return JSON.writeValueAsBytes(event);
  }

  private static final class Job implements Processor<String, byte[], String, byte[]> {
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, String> spent;

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
      context = given;
      spent = given.getStateStore("spent");
    }

    @Override
    public void process(Record<String, byte[]> record) {
      try {
        decide(record);
      } catch (IOException malformed) {
        System.err.println("dropped a malformed command: " + malformed.getMessage());
      }
    }

    private void decide(Record<String, byte[]> record) throws IOException {
      Envelope<Transaction> command = COMMAND.readValue(record.value());
      Transaction transaction = command.data;
      transaction.transaction_id = command.id;
      context.forward(record.withValue(event(command, "transaction_created", transaction)), "created");
      if (!"expense".equalsIgnoreCase(transaction.transaction_type)) {
        return;
      }
      String month = transaction.date.substring(0, 7);
      String key = command.subject + "|" + month + "|" + transaction.category;
      String known = spent.get(key);
      BigDecimal before = known == null ? BigDecimal.ZERO : new BigDecimal(known);
      BigDecimal after = before.add(transaction.amount);
      spent.put(key, after.toPlainString());
      if (before.compareTo(LIMIT) <= 0 && after.compareTo(LIMIT) > 0) {
        Exceeded alert = new Exceeded();
        alert.category = transaction.category;
        alert.month = month;
        alert.limit = LIMIT;
        alert.spent = after;
        alert.transaction_id = command.id;
        context.forward(record.withValue(event(command, "budget_exceeded", alert)), "exceeded");
      }
    }
  }

  public static void main(String[] args) {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-budget-alerts");
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, args[1]);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, args[2]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, args[3]);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, "1");
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    // A stopped instance does not leave its group: without this the next one waits 45 s for it.
    p.put(StreamsConfig.consumerPrefix("session.timeout.ms"), "6000");
    p.put(StreamsConfig.consumerPrefix("heartbeat.interval.ms"), "2000");
    p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");

    Topology t = new Topology();
    var text = Serdes.String();
    var bytes = Serdes.ByteArray();
    t.addSource("in", text.deserializer(), bytes.deserializer(), "commands.create_transaction");
    t.addProcessor("job", Job::new, "in");
    t.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("spent"), text, text).withCachingEnabled(),
        "job");
    t.addSink("created", "peer.transaction_created", text.serializer(), bytes.serializer(), "job");
    t.addSink("exceeded", "peer.budget_exceeded", text.serializer(), bytes.serializer(), "job");

    KafkaStreams streams = new KafkaStreams(t, p);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
