// Reads, writes and watches retained values.
//
//     state RUN_DIR get KEY
//     state RUN_DIR put KEY VALUE_AS_JSON [LEASE_IN_SECONDS]
//     state RUN_DIR cas KEY VERSION [VALUE_AS_JSON]       without a value: delete
//     state RUN_DIR watch PREFIX                          ends by SIGTERM
//
// Prints the key with its version and value as they stand now. Exits with 1 if it was refused.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/loop.h>

struct client {
    struct rf_loop *loop;
    bool done;
};

static void print(const struct rf_state_entry *entry) {
    char *value = entry->value != NULL
                      ? json_dumps(entry->value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS)
                      : NULL;
    printf("%s %" PRId64 " %s\n", entry->key, entry->version, value != NULL ? value : "-");
    free(value);
}

static void on_answer(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct client *client = arg;
    printf("%s\n", code == NULL ? "ok" : code); // conflict, not_found, timeout, ...
    if (entry != NULL)
        print(entry);
    client->done = code == NULL;
    rf_loop_stop(client->loop);
}

// The snapshot comes first, also after every reconnect; from then on each change. Version 0 means
// deleted.
static void on_change(void *arg, bool snapshot, const struct rf_state_entry *entries,
                      size_t count) {
    (void)arg;
    if (snapshot)
        printf("snapshot of %zu\n", count);
    for (size_t i = 0; i < count; i++)
        print(&entries[i]);
    fflush(stdout);
}

static int begin(struct client *client, struct rf_bus *bus, int argc, char **argv) {
    struct rf_error error;
    bool get = strcmp(argv[2], "get") == 0, put = strcmp(argv[2], "put") == 0 && argc > 4;
    bool cas = strcmp(argv[2], "cas") == 0 && argc > 4, watch = strcmp(argv[2], "watch") == 0;
    const char *text = put ? argv[4] : cas && argc > 5 ? argv[5] : NULL;
    json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    struct rf_duration lease = rf_seconds(put && argc > 5 ? atoi(argv[5]) : 0);
    int code = get || put || cas || watch ? 0 : 2;
    if (text != NULL && value == NULL)
        code = 2;
    else if (get)
        rf_bus_state_get(bus, argv[3], on_answer, client);
    else if (put)
        rf_bus_state_put(bus, argv[3], value, lease, on_answer, client);
    else if (cas)
        rf_bus_state_cas(bus, argv[3], atoll(argv[4]), value, lease, on_answer, client);
    else if (watch && rf_bus_watch(bus, argv[3], on_change, client, &error) != RF_OK)
        code = 1;
    json_decref(value);
    return code;
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    char ingest[128];
    struct rf_bus_config config = RF_BUS_CONFIG_DEFAULT;
    struct client client = {.loop = rf_loop_new()};
    struct rf_bus *bus = NULL;
    struct rf_error error = {0};
    int code = 1;
    snprintf(ingest, sizeof ingest, "ipc://%s/ingest", argv[1]);
    config.ingest = ingest;
    if (rf_bus_new(client.loop, &config, "example", "state-1", &bus, &error) == RF_OK &&
        (code = begin(&client, bus, argc, argv)) == 0 && rf_loop_run(client.loop, &error) == RF_OK)
        code = client.done ? 0 : 1;
    if (error.code != RF_OK)
        fprintf(stderr, "state: %s\n", error.message);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&client.loop);
    return code;
}
