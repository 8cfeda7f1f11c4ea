#!/usr/bin/env bash
# up.sh DATA_DIR PORT: runs a real Kafka broker for tests until its standard input is closed (so it never outlives the
# test that started it, however that ends). Prints "ready" once it answers. Fetches the broker's jars once, with Maven.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=$1 port=$2
libs=${CENTIME_KAFKA_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/centime/kafka-4.1.0}

need() { command -v "$1" >/dev/null || { echo "$1 is missing: tests against Kafka need $2" >&2; exit 1; }; }
need java "a Java runtime, 17 or later (apt-get install openjdk-17-jre-headless)"
if [ ! -d "$libs" ]; then
  need mvn "Maven to fetch the broker once (apt-get install maven), or its jars in \$CENTIME_KAFKA_LIBS"
  # Into a folder of our own first: two tests may start at the same time.
  fetched=$(mktemp -d)
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$fetched" >&2
  mkdir -p "$(dirname "$libs")"
  mv -T "$fetched" "$libs" 2>/dev/null || rm -rf "$fetched"
fi

mkdir -p "$data"
cat > "$data/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$data/logs
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=1000
auto.create.topics.enable=false
P
export CLASSPATH="$libs/*"
j="java -Xmx${KAFKA_HEAP:-512m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
[ -d "$data/logs" ] ||
  $j kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$data/server.properties" > "$data/format.log" 2>&1
$j kafka.Kafka "$data/server.properties" > "$data/broker.log" 2>&1 &
broker=$!
trap 'kill -9 $broker 2>/dev/null || true' EXIT

for _ in $(seq 300); do
  kill -0 $broker 2>/dev/null || { tail -20 "$data/broker.log" >&2; exit 1; }
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo ready
    cat > /dev/null
    exit 0
  fi
  sleep 0.1
done
tail -20 "$data/broker.log" >&2
exit 1
