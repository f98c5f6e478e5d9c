// Publishes durably: an event that is in the outbox gets into the broker's journal, once, however
// often this program, the broker or the host stops in between.
//
//     publish RUN_DIR STREAM OUTBOX [TEXT]
//
// The outbox is a file with a line for each event: id, time and text; an event's number within the
// stream is the number of its line. TEXT is appended to it. Then all that the broker does not have
// is published, and the program ends when the last line is acknowledged.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>
#include <ringfence/loop.h>

struct publisher {
    struct rf_loop *loop;
    struct rf_stream *stream;
    FILE *outbox;
    uint64_t lines; // read so far
    bool ended;     // no further line
};

// An event is in the outbox before it is published, with all that makes it this event: a repeated
// one must be the same.
static bool append(const char *path, const char *text) {
    struct timespec t;
    char id[RF_ULID_SIZE];
    clock_gettime(CLOCK_REALTIME, &t);
    struct rf_utc now = {t.tv_sec * RF_NS_PER_S + t.tv_nsec};
    FILE *outbox = fopen(path, "a");
    if (outbox == NULL)
        return false;
    fprintf(outbox, "%s %" PRId64 " %s\n", rf_ulid_new(now, id), now.ns, text);
    bool kept = fflush(outbox) == 0 && fsync(fileno(outbox)) == 0;
    return fclose(outbox) == 0 && kept;
}

static enum rf_err publish_line(struct publisher *publisher, char *line, struct rf_error *error) {
    char id[RF_ULID_SIZE];
    int64_t ts;
    int text = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%26s %" SCNd64 " %n", id, &ts, &text) < 2 || text == 0)
        return rf_error_set(error, RF_ERR_INVALID, "line %" PRIu64 " is no event",
                            publisher->lines + 1);
    json_t *data = json_pack("{s:s}", "text", line + text);
    struct rf_event event = {
        .id = id, .ts = ts, .type = "example.note", .subject = "outbox", .data = data};
    enum rf_err err = rf_stream_publish(publisher->stream, publisher->lines + 1, &event, error);
    json_decref(data);
    return err;
}

// As many as may wait for their acknowledgement at once; on_acked goes on.
static void publish_more(struct publisher *publisher) {
    char *line = NULL;
    size_t size = 0;
    struct rf_error error;
    enum rf_err err = RF_OK;
    long at = ftell(publisher->outbox);
    while (err == RF_OK && getline(&line, &size, publisher->outbox) > 0) {
        err = publish_line(publisher, line, &error);
        if (err == RF_OK) {
            publisher->lines++;
            at = ftell(publisher->outbox);
        }
    }
    free(line);
    publisher->ended = err == RF_OK;
    fseek(publisher->outbox, at, SEEK_SET);
    if (err != RF_OK && err != RF_ERR_FULL) {
        fprintf(stderr, "publish: %s\n", error.message);
        exit(1);
    }
}

static void on_acked(void *arg, uint64_t seq) {
    struct publisher *publisher = arg;
    printf("acknowledged up to %" PRIu64 "\n", seq);
    if (!publisher->ended)
        publish_more(publisher);
    if (publisher->ended && seq >= publisher->lines)
        rf_loop_stop(publisher->loop);
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    if (argc > 4 && !append(argv[3], argv[4])) {
        perror(argv[3]);
        return 1;
    }
    char ingest[128];
    struct rf_bus_config config = RF_BUS_CONFIG_DEFAULT;
    struct publisher publisher = {.loop = rf_loop_new(), .outbox = fopen(argv[3], "r")};
    struct rf_bus *bus = NULL;
    struct rf_error error = {0};
    snprintf(ingest, sizeof ingest, "ipc://%s/ingest", argv[1]);
    config.ingest = ingest;
    if (publisher.outbox == NULL) {
        perror(argv[3]);
        return 1;
    }
    enum rf_err err = rf_bus_new(publisher.loop, &config, "example", "publish-1", &bus, &error);
    if (err == RF_OK)
        err = rf_stream_new(bus, argv[2], 1, on_acked, &publisher, &publisher.stream, &error);
    if (err == RF_OK) {
        publish_more(&publisher);
        err = rf_loop_run(publisher.loop, &error); // until on_acked stops it
    }
    if (err != RF_OK)
        fprintf(stderr, "publish: %s\n", error.message);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&publisher.loop);
    fclose(publisher.outbox);
    return err == RF_OK ? 0 : 1;
}
