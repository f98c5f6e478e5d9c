// The logger's work on pages of events as they come from the broker, in one process and on one
// thread: decoding, redaction, the line of JSON and the line of text, and writing a page's lines at
// once; beside it write(2) of the very same bytes. As in the logger, each file has a page of its
// own, with the same events.
//   record_load FOLDER EVENTS            both files, page by page
//   record_load --lines FILE EVENTS      the lines of JSON alone, for a reference that reads them
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "redact/redact.h"
#include "wire/page.h"
#include "wire/wire.h"

#define PAGE_EVENTS 500
#define FRAMES      16 // different pages, taken in turn

// What a campaign of which some calls fail makes, in its proportions.
static const struct {
    const char *type, *severity, *data;
} kinds[] = {
    {"contact.started", "info", "{\"phone\":\"+12025550123\",\"name\":\"Ada Abel\"}"},
    {"contact.step", "info",
     "{\"step\":\"script\",\"provider\":\"openai\",\"worker\":\"service-gateway-"
     "01M8J3X7HEY977SQA3AFJRXRK9\","
     "\"call\":\"spring-7.script.1\",\"attempts\":[{\"provider\":\"openai\",\"status\":200,"
     "\"class\":\"ok\","
     "\"began\":1763981280123456789,\"took_ns\":812345678,\"waited_ns\":0,\"request_id\":\"req_"
     "011CSHoEeqs5C35K2UUqR7Fy\"}],"
     "\"took_ns\":812345678,\"bytes\":187,\"phone\":\"+12025550123\",\"name\":\"Ada Abel\"}"},
    {"contact.step", "info",
     "{\"step\":\"speech\",\"provider\":\"elevenlabs\",\"worker\":\"service-gateway-"
     "01M8J3X7HEY977SQA3AFJRXRK9\","
     "\"call\":\"spring-7.speech.1\",\"attempts\":[{\"provider\":\"elevenlabs\",\"status\":503,"
     "\"class\":\"transient\","
     "\"message\":\"Service "
     "Unavailable\",\"began\":1763981280123456789,\"took_ns\":212345678,\"waited_ns\":0},"
     "{\"provider\":\"elevenlabs\",\"status\":200,\"class\":\"ok\",\"began\":1763981285123456789,"
     "\"took_ns\":912345678,"
     "\"waited_ns\":4912345678}],\"took_ns\":6012345678,"
     "\"audio\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"format\":"
     "\"mp3\","
     "\"size\":48213,\"phone\":\"+12025550123\",\"name\":\"Ada Abel\"}"},
    {"retry.scheduled", "warning",
     "{\"attempt\":1,\"wait_ns\":5012345678,\"class\":\"transient\",\"status\":503,\"message\":"
     "\"Service Unavailable\","
     "\"call\":\"spring-7.speech.1\"}"},
    {"contact.step", "info",
     "{\"step\":\"dial\",\"provider\":\"twilio\",\"worker\":\"service-gateway-"
     "01M8J3X7HEY977SQA3AFJRXRK9\","
     "\"call\":\"spring-7.dial.1\",\"attempts\":[{\"provider\":\"twilio\",\"status\":201,\"class\":"
     "\"ok\","
     "\"began\":1763981290123456789,\"took_ns\":112345678,\"waited_ns\":0}],\"took_ns\":112345678,"
     "\"sid\":\"CA0123456789abcdef0123456789abcdef\",\"status\":\"queued\",\"phone\":\"+"
     "12025550123\","
     "\"name\":\"Ada Abel\"}"},
    {"call.told", "info",
     "{\"provider\":\"twilio\",\"attempt\":\"spring-7.dial.1\",\"status\":\"in-progress\","
     "\"answered_by\":\"human\"}"},
    {"contact.done", "info",
     "{\"outcome\":\"completed\",\"sid\":\"CA0123456789abcdef0123456789abcdef\",\"provider\":"
     "\"twilio\","
     "\"duration_s\":42,\"phone\":\"+12025550123\",\"name\":\"Ada Abel\"}"},
    {"breaker.half_open", "warning",
     "{\"from\":\"open\",\"epoch\":7,\"until\":0,\"failures\":5,\"cause\":\"timeout\",\"held_ns\":"
     "30012345678,"
     "\"mode\":\"enforce\"}"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long rss_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        fail("/proc/self/statm");
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static double now_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// What differs from contact to contact differs here too: nothing that a cache could live on.
static void set_text(json_t *data, const char *key, const char *text) {
    if (json_object_get(data, key) != NULL &&
        json_object_set_new(data, key, json_string(text)) != 0)
        fail("data");
}

static void set_own(json_t *data, size_t contact) {
    char text[80];
    unsigned long long mixed = (contact + 1) * 0x9E3779B97F4A7C15U, other = mixed ^ mixed >> 29;
    snprintf(text, sizeof text, "+1202%07zu", contact);
    set_text(data, "phone", text);
    snprintf(text, sizeof text, "Ada Abel %zu", contact);
    set_text(data, "name", text);
    snprintf(text, sizeof text, "CA%016llx%016llx", mixed, other);
    set_text(data, "sid", text);
    snprintf(text, sizeof text, "%016llx%016llx%016llx%016llx", mixed, other, other, mixed);
    set_text(data, "audio", text);
    snprintf(text, sizeof text, "req_011CSH%016llX", mixed);
    set_text(json_array_get(json_object_get(data, "attempts"), 0), "request_id", text);
    snprintf(text, sizeof text, "spring-%zu.speech.1", contact);
    set_text(data, "call", text);
    snprintf(text, sizeof text, "spring-%zu.dial.1", contact);
    set_text(data, "attempt", text);
}

// As its publisher sends it, with the number that the broker gives it.
static struct rf_frame event_frame(size_t n) {
    char id[32], contact[32];
    struct rf_frame sent, numbered;
    struct rf_error error;
    snprintf(id, sizeof id, "01M8J3X7HEY977SQA3AF%06zu", n % 1000000);
    snprintf(contact, sizeof contact, "spring-%zu", n / KINDS);
    json_t *data = json_loads(kinds[n % KINDS].data, 0, NULL);
    if (data == NULL)
        fail("data");
    set_own(data, n / KINDS);
    struct rf_event event = {.id = id,
                             .seq = (int64_t)n,
                             .stream = "orchestrator-01M8J3X7HEY977SQA3AFJRXRK9",
                             .origin = "orchestrator-01M8J3X7HEY977SQA3AFJRXRK9",
                             .ts = INT64_C(1763981280123456789) + (int64_t)n * 1000000,
                             .severity = kinds[n % KINDS].severity,
                             .type = kinds[n % KINDS].type,
                             .subject = contact,
                             .campaign = "spring",
                             .contact = contact,
                             .data = data};
    if (rf_wire_encode_event(&event, &sent, &error) != RF_OK)
        fail(error.message);
    struct rf_bytes envelope = {sent.data, sent.size};
    if (rf_wire_number_event(&envelope, (int64_t)n, &numbered, &error) != RF_OK)
        fail(error.message);
    rf_frame_free(&sent);
    json_decref(data);
    return numbered;
}

static struct rf_frame page_frame(size_t first, const char *rid) {
    struct rf_frame events[PAGE_EVENTS];
    struct rf_bytes packed[PAGE_EVENTS];
    struct rf_journal_page page = {.rid = rid, .scanned = (int64_t)first + PAGE_EVENTS, .last = 1};
    struct rf_frame frame;
    struct rf_error error;
    for (size_t i = 0; i < PAGE_EVENTS; i++) {
        events[i] = event_frame(first + i + 1);
        packed[i] = (struct rf_bytes){events[i].data, events[i].size};
    }
    page.events.count = PAGE_EVENTS;
    page.events_packed = packed;
    if (rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, &error) != RF_OK)
        fail(error.message);
    for (size_t i = 0; i < PAGE_EVENTS; i++)
        rf_frame_free(&events[i]);
    return frame;
}

// What the logger goes on with from page to page.
struct logger {
    struct rf_redaction *redaction;
    struct rf_page page;
    struct rf_lines lines;
};

static void record_page(struct logger *logger, const struct rf_frame *frame, enum rf_line kind,
                        struct rf_text *out) {
    if (!rf_page_read(&logger->page, frame->data, frame->size))
        fail("page");
    const struct rf_journal_page *page = &logger->page.body;
    rf_lines_take(&logger->lines, logger->page.list, logger->redaction, page->events.items,
                  page->events.count, kind, out);
    if (out->failed)
        fail("record");
}

static int open_new(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(path);
    return fd;
}

static void write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0)
            fail("write");
        data += n;
        size -= (size_t)n;
    }
}

struct took {
    double wall, cpu;
    size_t bytes;
};

static struct took since(double wall, double cpu, size_t bytes) {
    return (struct took){now_s(CLOCK_MONOTONIC) - wall, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu,
                         bytes};
}

static struct took ours(struct logger *logger, struct rf_frame frames[][2], const int *fds,
                        size_t pages) {
    struct rf_text out[2] = {{0}};
    size_t bytes = 0;
    double wall = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t p = 0; p < pages; p++)
        for (size_t f = 0; f < 2; f++) {
            out[f].size = 0;
            record_page(logger, &frames[p % FRAMES][f], (enum rf_line)f, &out[f]);
            if (fds != NULL)
                write_all(fds[f], out[f].data, out[f].size);
            bytes += out[f].size;
        }
    struct took took = since(wall, cpu, bytes);
    rf_text_fini(&out[0]);
    rf_text_fini(&out[1]);
    return took;
}

// The same bytes in the same pieces, made before.
static struct took bare(const struct rf_text lines[][2], const int *fds, size_t pages) {
    double wall = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    size_t bytes = 0;
    for (size_t p = 0; p < pages; p++)
        for (size_t f = 0; f < 2; f++) {
            const struct rf_text *text = &lines[p % FRAMES][f];
            write_all(fds[f], text->data, text->size);
            bytes += text->size;
        }
    return since(wall, cpu, bytes);
}

static struct rf_redaction *redaction_new(void) {
    struct rf_redact_rules rules = {.key = "sixteen bytes .."};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    static const char *const secrets[] = {
        "sk_3f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e", "sk-proj-Jx7Qm2Vb9Nc4Lp8Rt5Yw1Zs6",
        "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    for (size_t i = 0; redaction != NULL && i < sizeof secrets / sizeof secrets[0]; i++)
        if (rf_redaction_secret(redaction, secrets[i]) != RF_OK)
            fail("secret");
    return redaction;
}

static void free_all(struct logger *logger, struct rf_frame (*frames)[2],
                     struct rf_text (*lines)[2]) {
    rf_redaction_destroy(&logger->redaction);
    rf_page_fini(&logger->page);
    rf_lines_fini(&logger->lines);
    for (size_t i = 0; i < FRAMES; i++)
        for (size_t f = 0; f < 2; f++) {
            rf_frame_free(&frames[i][f]);
            rf_text_fini(&lines[i][f]);
        }
}

int main(int argc, char **argv) {
    static struct rf_text lines[FRAMES][2];
    static struct rf_frame frames[FRAMES][2];
    static const char *const rids[] = {"1", "2"};
    bool only_lines = argc == 4 && strcmp(argv[1], "--lines") == 0;
    if (argc != 3 && !only_lines) {
        fprintf(stderr, "usage: record_load [--lines] FOLDER EVENTS\n");
        return 2;
    }
    const char *folder = argv[argc - 2];
    size_t pages = (strtoul(argv[argc - 1], NULL, 10) + PAGE_EVENTS - 1) / PAGE_EVENTS;
    struct logger logger = {.redaction = redaction_new()};
    for (size_t i = 0; i < FRAMES; i++)
        for (size_t f = 0; f < 2; f++) {
            frames[i][f] = page_frame(i * PAGE_EVENTS, rids[f]);
            record_page(&logger, &frames[i][f], (enum rf_line)f, &lines[i][f]);
        }
    if (only_lines) {
        int fd = open_new(folder, "lines");
        for (size_t p = 0; p < pages; p++)
            write_all(fd, lines[p % FRAMES][0].data, lines[p % FRAMES][0].size);
        close(fd);
        printf("{\"events\": %zu}\n", pages * PAGE_EVENTS);
        free_all(&logger, frames, lines);
        return 0;
    }
    int fds[2] = {open_new(folder, "app_logs.json"), open_new(folder, "app.log")};
    int references[2] = {open_new(folder, "write.json"), open_new(folder, "write.log")};
    // Page cache, branch predictors and the allocator see everything once before.
    ours(&logger, frames, NULL, pages / 10 + 1);
    long resident = rss_kb();
    struct took reference = bare(lines, references, pages);
    struct took mine = ours(&logger, frames, fds, pages);
    struct took unwritten = ours(&logger, frames, NULL, pages);
    double events = (double)(pages * PAGE_EVENTS);
    printf("{\"events\": %.0f, \"bytes\": %zu, \"events_per_s\": %.0f, \"cpu_us_per_event\": %.4f, "
           "\"unwritten_us_per_event\": %.4f, \"write_events_per_s\": %.0f, "
           "\"write_cpu_us_per_event\": %.4f, \"rss_growth_kb\": %ld}\n",
           events, mine.bytes, events / mine.wall, mine.cpu / events * 1e6,
           unwritten.cpu / events * 1e6, events / reference.wall, reference.cpu / events * 1e6,
           rss_kb() - resident);
    free_all(&logger, frames, lines);
    return 0;
}
