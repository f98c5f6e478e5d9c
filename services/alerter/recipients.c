#include "recipients.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

// So that all of the sentence fits into a verdict.
#define ADDRESS_MOST 80
#define WORDS_MOST   110

static const char *const states[] = {"waiting", "done", "refused"};

// ---- life ----

static void restore(struct rf_recipient *recipient, const json_t *kept) {
    const json_t *known = json_object_get(kept, recipient->address);
    const char *state = json_string_value(json_object_get(known, "state"));
    const char *message = json_string_value(json_object_get(known, "message"));
    for (int i = 0; state != NULL && i < 3; i++)
        if (strcmp(state, states[i]) == 0)
            recipient->state = (enum rf_recipient_state)i;
    snprintf(recipient->message, sizeof recipient->message, "%s", message == NULL ? "" : message);
}

enum rf_err rf_recipients_make(struct rf_recipients *recipients, const struct rf_mailboxes *to,
                               const char *kept, struct rf_error *error) {
    json_t *known = kept == NULL || kept[0] == '\0' ? NULL : json_loads(kept, 0, NULL);
    *recipients = (struct rf_recipients){
        .items = calloc(to->count + 1, sizeof *recipients->items),
        .answers = calloc(to->count + 1, sizeof *recipients->answers),
    };
    bool done = recipients->items != NULL && recipients->answers != NULL;
    for (size_t i = 0; done && i < to->count; i++) {
        struct rf_recipient *recipient = &recipients->items[recipients->count++];
        recipient->address = strdup(to->items[i].address);
        done = recipient->address != NULL;
        if (done)
            restore(recipient, known);
    }
    json_decref(known);
    if (done)
        return RF_OK;
    rf_recipients_fini(recipients);
    return rf_error_set(error, RF_ERR_NOMEM, "no memory for a mail");
}

void rf_recipients_fini(struct rf_recipients *recipients) {
    for (size_t i = 0; i < recipients->count; i++)
        free(recipients->items[i].address);
    free(recipients->items);
    free(recipients->answers);
    *recipients = (struct rf_recipients){0};
}

size_t rf_recipients_waiting(const struct rf_recipients *recipients, const char **addresses) {
    size_t count = 0;
    for (size_t i = 0; i < recipients->count; i++)
        if (recipients->items[i].state == RF_RECIPIENT_WAITS)
            addresses[count++] = recipients->items[i].address;
    return count;
}

// ---- an attempt ----

static void note_words(struct rf_recipient *recipient, const struct rf_mail_answer *answer) {
    size_t size = rf_utf8_cut(answer->words, strlen(answer->words), sizeof answer->words - 16);
    snprintf(recipient->message, sizeof recipient->message, "%d %.*s", answer->code, (int)size,
             answer->words);
}

// What the server said to each who was asked. Whom it would have taken it for has it if the whole
// went well, and else waits. Whether it took none of them, and said so.
static bool took_none(struct rf_recipients *recipients, bool went_well) {
    size_t place = 0, accepted = 0, refused = 0;
    for (size_t i = 0; i < recipients->count; i++) {
        struct rf_recipient *recipient = &recipients->items[i];
        recipient->fresh = false;
        if (recipient->state != RF_RECIPIENT_WAITS)
            continue;
        const struct rf_mail_answer *answer = &recipients->answers[place++];
        refused += answer->code >= 400;
        if (answer->code >= 400)
            note_words(recipient, answer);
        if (answer->code >= 500) {
            recipient->state = RF_RECIPIENT_REFUSED;
            recipient->fresh = true;
        } else if (answer->code >= 200 && answer->code < 400) {
            accepted++;
            if (went_well)
                recipient->state = RF_RECIPIENT_DONE;
        }
    }
    return accepted == 0 && refused > 0;
}

static size_t count_in(const struct rf_recipients *recipients, enum rf_recipient_state state) {
    size_t count = 0;
    for (size_t i = 0; i < recipients->count; i++)
        count += recipients->items[i].state == state;
    return count;
}

static const struct rf_recipient *first_in(const struct rf_recipients *recipients,
                                           enum rf_recipient_state state) {
    for (size_t i = 0; i < recipients->count; i++)
        if (recipients->items[i].state == state && recipients->items[i].message[0] != '\0')
            return &recipients->items[i];
    return NULL;
}

// "the mail server does not take it for ada@example.org: 450 ..., and 2 more"
static void say(struct rf_verdict *verdict, const struct rf_recipients *recipients,
                enum rf_recipient_state state) {
    const struct rf_recipient *first = first_in(recipients, state);
    size_t count = count_in(recipients, state);
    if (first == NULL)
        return;
    const char *what =
        state == RF_RECIPIENT_REFUSED ? "refuses it for" : "does not take it yet for";
    size_t address = rf_utf8_cut(first->address, strlen(first->address), ADDRESS_MOST);
    size_t words = rf_utf8_cut(first->message, strlen(first->message), WORDS_MOST);
    (void)snprintf(verdict->message, sizeof verdict->message, "the mail server %s %.*s: %.*s%s",
                   what, (int)address, first->address, (int)words, first->message,
                   count > 1 ? " (and others)" : "");
}

// Nobody took it, and all refuse it: it is one mail that is refused, and tried again as that.
static void wait_again(struct rf_recipients *recipients) {
    for (size_t i = 0; i < recipients->count; i++) {
        recipients->items[i].state = RF_RECIPIENT_WAITS;
        recipients->items[i].fresh = false;
    }
}

bool rf_recipients_owed(const struct rf_recipients *recipients) {
    return count_in(recipients, RF_RECIPIENT_WAITS) > 0;
}

void rf_recipients_judge(struct rf_recipients *recipients, struct rf_verdict *verdict) {
    bool by_them = took_none(recipients, verdict->outcome == RF_OUTCOME_OK);
    size_t done = count_in(recipients, RF_RECIPIENT_DONE);
    size_t waiting = count_in(recipients, RF_RECIPIENT_WAITS);
    if (waiting == 0 && done > 0) {
        verdict->outcome = RF_OUTCOME_OK;
        say(verdict, recipients, RF_RECIPIENT_REFUSED);
    } else if (waiting == 0) {
        wait_again(recipients);
    } else if (verdict->outcome == RF_OUTCOME_OK || by_them) {
        verdict->outcome = done > 0 ? RF_OUTCOME_PARTIAL : RF_OUTCOME_TRANSIENT;
        say(verdict, recipients, RF_RECIPIENT_WAITS);
    }
}

// ---- what is kept ----

char *rf_recipients_keep(const struct rf_recipients *recipients) {
    if (count_in(recipients, RF_RECIPIENT_WAITS) == recipients->count ||
        count_in(recipients, RF_RECIPIENT_DONE) == recipients->count)
        return strdup("");
    json_t *kept = json_object();
    for (size_t i = 0; i < recipients->count; i++) {
        const struct rf_recipient *recipient = &recipients->items[i];
        json_object_set_new(kept, recipient->address,
                            json_pack("{s:s, s:s}", "state", states[recipient->state], "message",
                                      recipient->message));
    }
    char *text = kept == NULL ? NULL : json_dumps(kept, JSON_COMPACT);
    json_decref(kept);
    return text;
}
