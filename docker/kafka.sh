#!/bin/bash
# Formats the broker's storage once, with the two administrators' credentials, and starts the broker.
set -euo pipefail
umask 077

properties=/etc/ipu/server.properties
kafka=${KAFKA_HOME:-/opt/kafka}/bin
data=$(sed -n 's/^log\.dirs=//p' "$properties")

if [ ! -e "$data/meta.properties" ]; then
    # From a file, so that no process list shows a password.
    arguments=$(mktemp)
    trap 'rm -f "$arguments"' EXIT
    {
        printf '%s\n' --cluster-id "$("$kafka/kafka-storage.sh" random-uuid)" --config "$properties"
        for principal in ipu-admin ipu-broker; do
            printf -- '--add-scram\nSCRAM-SHA-512=[name=%s,password=%s]\n' \
                "$principal" "$(cat "/run/secrets/$principal")"
        done
    } >"$arguments"
    # It prints the salted credentials, which must not be in a log.
    "$kafka/kafka-storage.sh" format "@$arguments" >/dev/null
    rm -f "$arguments"
fi

# The archives of snappy and zstd are left out: a batch in either can unpack to more than the broker's heap.
home=$(mktemp -d)
cp -r "$kafka" "$home/bin"
mkdir "$home/libs"
for archive in "$kafka"/../libs/*.jar; do
    case ${archive##*/} in
        snappy-java-* | zstd-jni-*) ;;
        *) ln -s "$(realpath "$archive")" "$home/libs/" ;;
    esac
done

exec "$home/bin/kafka-server-start.sh" "$properties"
