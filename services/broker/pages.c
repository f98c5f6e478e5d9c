// Pages of the journal, and the names of durable subscribers. Only what is on disk is shown, so
// that no number is told that a broker that is killed now would give again. What is still in memory
// is answered at once; what is older, a time, or the newest of a kind is left to the reader's
// thread.
#include "core.h"

#include <stdlib.h>
#include <string.h>

static void send_page(struct rf_core *core, const struct rf_peer *to,
                      struct rf_journal_page *page) {
    page->last = core->journal.durable;
    page->journal = core->lineage.id;
    core->ground.counters.pages_served++;
    rf_ground_send(&core->ground, to, RF_MESSAGE_journal_page, page);
}

// ---- from memory ----

// `first`: the number that it goes on after: that of the place, or of what is gone behind it.
static void answer_at_once(struct rf_core *core, const struct rf_peer *from,
                           const struct rf_journal_read *read, const struct rf_reading_place *place,
                           int64_t first) {
    const struct rf_journal_entry *entries[RF_PAGE_EVENTS];
    struct rf_bytes frames[RF_PAGE_EVENTS];
    struct rf_journal_limits limits = {
        .events = read->limit < RF_PAGE_EVENTS ? (size_t)read->limit : RF_PAGE_EVENTS,
        .bytes = rf_page_bytes(read),
        .scan = RF_PAGE_SCAN,
    };
    struct rf_journal_found found = {.entries = entries};
    rf_journal_find(&core->journal, first, read->prefixes.items, read->prefixes.count, &limits,
                    &found);
    core->ground.work += found.looked_at * RF_PAGE_LOOK;
    for (size_t i = 0; i < found.count; i++)
        frames[i] = (struct rf_bytes){entries[i]->frame, entries[i]->size};
    struct rf_journal_page page = {
        .rid = read->rid,
        .events = {NULL, found.count},
        .events_packed = frames,
        .scanned = found.scanned,
        .trimmed = first != place->after ? first : 0,
        .other = place->other,
        .from = place->other ? place->after : 0,
    };
    send_page(core, from, &page);
}

// ---- from disk ----

static size_t waiting_of(const struct rf_core *core, const struct rf_peer *peer) {
    size_t count = 0;
    for (size_t i = 0; i < core->pages.count; i++)
        count += rf_peer_same(&core->pages.peers[i], peer);
    return count;
}

static void leave_to_reader(struct rf_core *core, const struct rf_peer *from,
                            const struct rf_journal_read *read,
                            const struct rf_reading_place *place) {
    struct rf_pages *pages = &core->pages;
    if (pages->count == RF_PAGES_WAITING || waiting_of(core, from) >= RF_PAGES_WAITING_OF_ONE) {
        core->ground.counters.pages_refused++;
        rf_ground_refuse(&core->ground, from, read->rid, "overloaded",
                         "too many pages wait for the disk: ask again");
        return;
    }
    struct rf_page *page = rf_page_new(from, read, core->journal.durable);
    if (page == NULL) {
        rf_ground_refuse(&core->ground, from, read->rid, "overloaded", "out of memory");
        return;
    }
    page->after = place->after;
    page->other = place->other;
    page->from = place->other ? place->after : 0;
    pages->peers[pages->count++] = *from;
    core->ground.sink.read(core->ground.sink.arg, page);
}

void rf_core_page(struct rf_core *core, const struct rf_now *now, struct rf_page **pointer) {
    struct rf_page *page = *pointer;
    struct rf_pages *pages = &core->pages;
    size_t at = 0;
    core->ground.now = *now;
    while (at < pages->count && !rf_peer_same(&pages->peers[at], &page->peer))
        at++;
    if (at < pages->count)
        pages->peers[at] = pages->peers[--pages->count];
    if (page->failed) {
        core->ground.counters.pages_failed++;
        rf_ground_refuse(&core->ground, &page->peer, page->rid, "unreadable", page->why);
    } else {
        core->ground.counters.pages_from_disk++;
        struct rf_journal_page answer = {
            .rid = page->rid,
            .events = {NULL, page->count},
            .events_packed = page->frames,
            .scanned = page->scanned,
            .trimmed = page->trimmed,
            .other = page->other,
            .from = page->from,
        };
        send_page(core, &page->peer, &answer);
    }
    rf_page_destroy(pointer);
}

// ---- durable names ----

// What nobody has to take any more may go.
static void spare(struct rf_core *core) {
    int64_t lowest = rf_subscribers_lowest(&core->subscribers);
    if (lowest == core->spared)
        return;
    core->spared = lowest;
    core->ground.sink.spare(core->ground.sink.arg, lowest);
}

static const char *why_no_name(enum rf_err err, const char **code) {
    *code = err == RF_ERR_INVALID ? "invalid" : err == RF_ERR_FULL ? "full" : "overloaded";
    return err == RF_ERR_INVALID ? "a durable name has 1 to 200 bytes"
           : err == RF_ERR_FULL  ? "there are too many durable names, or retained values"
                                 : "out of memory";
}

// `question`: the read as it is to be answered, from a place of ours. False: it was refused.
static bool take_name(struct rf_core *core, const struct rf_peer *from,
                      struct rf_journal_read *question) {
    const char *name = question->durable, *code;
    if (name == NULL)
        return true;
    const struct rf_subscriber *known = rf_subscribers_find(&core->subscribers, name);
    if (known != NULL && question->resume) {
        if (question->after < known->taken)
            question->after = known->taken;
        question->since = question->newest = 0;
    }
    const struct rf_client *client = rf_clients_find(&core->clients, from);
    enum rf_err err =
        rf_subscribers_take(&core->subscribers, name, &question->prefixes,
                            client != NULL ? client->instance : NULL, question->after);
    spare(core);
    if (err == RF_OK)
        return true;
    const char *why = why_no_name(err, &code);
    rf_ground_refuse(&core->ground, from, question->rid, code, why);
    return false;
}

void rf_core_subscribers_begin(struct rf_core *core) {
    if (rf_subscribers_restore(&core->subscribers) != RF_OK)
        abort(); // as without memory for an event: what is not spared is lost
    spare(core);
}

// Its lease ended, or a person took it away.
void rf_core_subscriber_gone(struct rf_core *core, const char *name) {
    const struct rf_subscriber *subscriber = rf_subscribers_find(&core->subscribers, name);
    if (subscriber == NULL)
        return;
    struct rf_utc now = core->ground.now.utc;
    bool silent = rf_utc_since(now, subscriber->heard).ns >= core->subscribers.idle.ns;
    json_t *data =
        json_pack("{s:s, s:I, s:I, s:I, s:s}", "why",
                  silent ? "it was not heard of for too long" : "a person took it away", "taken",
                  (json_int_t)subscriber->taken, "last", (json_int_t)core->journal.durable, "heard",
                  (json_int_t)subscriber->heard.ns, "instance", subscriber->instance);
    struct rf_event event = {
        .severity = rf_event_severity(RF_EVENT_SUBSCRIBER_FORGOTTEN),
        .type = rf_event_type_name(RF_EVENT_SUBSCRIBER_FORGOTTEN),
        .subject = name,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
    rf_subscribers_forget(&core->subscribers, name);
    spare(core);
}

// ---- the question ----

// Pages that wait for the disk hold their questions, so that these are bounded too.
static bool is_bounded(const struct rf_journal_read *read) {
    bool bounded =
        strlen(read->rid) <= RF_PAGE_RID_BYTES && read->prefixes.count <= RF_PAGE_PREFIXES;
    for (size_t i = 0; bounded && i < read->prefixes.count; i++)
        bounded = strlen(read->prefixes.items[i]) <= RF_PAGE_PREFIX_BYTES;
    return bounded;
}

void rf_on_journal_read(struct rf_core *core, const struct rf_peer *from,
                        struct rf_message **message, size_t size) {
    (void)size;
    struct rf_journal_read question = (*message)->as.journal_read;
    if (!is_bounded(&question)) {
        bool whole = strlen(question.rid) <= RF_PAGE_RID_BYTES;
        rf_ground_refuse(&core->ground, from, whole ? question.rid : NULL, "invalid",
                         "a page is asked for with an rid of 255 bytes at most, and at most 100 "
                         "prefixes of 255 bytes");
        return;
    }
    struct rf_reading_place place =
        rf_lineage_place(&core->lineage, question.journal, question.after, core->journal.durable,
                         core->kept.trimmed);
    question.after = place.after;
    if (!take_name(core, from, &question))
        return;
    place.after = question.after; // or where the name stands
    core->ground.counters.places_foreign += place.other;
    int64_t first = place.after < core->kept.trimmed ? core->kept.trimmed : place.after;
    if (question.since == 0 && question.newest == 0 && first >= core->journal.trimmed)
        answer_at_once(core, from, &question, &place, first);
    else
        leave_to_reader(core, from, &question, &place);
}
