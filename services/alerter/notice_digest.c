// Many incidents in one notice: how many of what, the gravest first, and then as many of them by
// name as a person reads.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "engine.h"
#include "events/field.h"
#include "notice_parts.h"

#define RULES_TOLD 20

struct tally {
    const char *rule, *severity;
    size_t incidents, over;
    int64_t subjects;
};

static bool is_over(const struct rf_digest_line *line) {
    return line->kind == RF_NOTICE_RESOLVED;
}

static size_t tally_rules(const struct rf_digest_line *lines, size_t count,
                          struct tally tallies[RULES_TOLD + 1]) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rf_incident *incident = lines[i].incident;
        size_t t = 0;
        while (t < used && strcmp(tallies[t].rule, incident->rule) != 0)
            t++;
        if (t == used && used < RULES_TOLD + 1) // the last one is of all others
            tallies[used++] = (struct tally){.rule = t < RULES_TOLD ? incident->rule : "others",
                                             .severity = incident->severity};
        t = t < used ? t : used - 1;
        tallies[t].incidents++;
        tallies[t].over += is_over(&lines[i]);
        tallies[t].subjects += incident->subjects;
        tallies[t].severity = rf_notice_graver(tallies[t].severity, incident->severity);
    }
    return used;
}

static void add_tallies(struct rf_text *text, const struct rf_digest_line *lines, size_t count) {
    struct tally tallies[RULES_TOLD + 1];
    size_t used = tally_rules(lines, count, tallies);
    for (int rank = 3; rank >= 0; rank--) {
        for (size_t t = 0; t < used; t++) {
            if (rf_severity_rank(tallies[t].severity) != rank)
                continue;
            rf_text_add(text, "%-8s  %zu %s: %zu open, %zu over", tallies[t].severity,
                        tallies[t].incidents, tallies[t].rule,
                        tallies[t].incidents - tallies[t].over, tallies[t].over);
            if (tallies[t].subjects > (int64_t)tallies[t].incidents)
                rf_text_add(text, " (%" PRId64 " concerned)", tallies[t].subjects);
            rf_text_add(text, "\n");
        }
    }
}

static void add_incident(struct rf_text *text, const struct rf_digest_line *line) {
    const struct rf_incident *incident = line->incident;
    char span[RF_TIME_TEXT_SIZE], when[RF_TIME_TEXT_SIZE];
    rf_text_add(text, "- %s, %s", incident->title, rf_time_text(incident->opened, when));
    if (is_over(line))
        rf_text_add(text, ": over after %s",
                    rf_span_text(rf_utc_since(incident->resolved, incident->opened), span));
    else if (line->kind != RF_NOTICE_OPENED)
        rf_text_add(text, ": still open");
    struct rf_text cost = {0};
    if (incident->deferred + incident->set_aside + incident->swallowed > 0)
        rf_notice_cost(&cost, incident);
    if (cost.size > 0)
        rf_text_add(text, " (%s)", cost.data);
    rf_text_fini(&cost);
    rf_text_add(text, "\n");
}

static void add_incidents(struct rf_text *text, const struct rf_digest_line *lines, size_t count) {
    size_t told = 0;
    for (int rank = 3; rank >= 0; rank--) {
        for (size_t i = 0; i < count && told < RF_DIGEST_LINES; i++) {
            if (rf_severity_rank(lines[i].incident->severity) != rank)
                continue;
            add_incident(text, &lines[i]);
            told++;
        }
    }
    if (told < count)
        rf_text_add(text, "and %zu more: ringfence alert list\n", count - told);
}

static char *digest_text(const struct rf_digest_line *lines, size_t count, const char *why) {
    struct rf_text text = {0};
    if (strcmp(why, "storm") == 0)
        rf_text_add(&text, "More came at once than can be told one by one.\n\n");
    else
        rf_text_add(&text, "What came during the %s, in one.\n\n", why);
    if (count > 1)
        add_tallies(&text, lines, count);
    rf_text_add(&text, "\n");
    add_incidents(&text, lines, count);
    return rf_text_take(&text);
}

static char *digest_title(const struct rf_digest_line *lines, size_t count, size_t over) {
    struct rf_text title = {0};
    char span[RF_TIME_TEXT_SIZE];
    const struct rf_incident *only = lines[0].incident;
    if (count == 1 && is_over(&lines[0]))
        rf_text_add(&title, "%s (over after %s)", only->title,
                    rf_span_text(rf_utc_since(only->resolved, only->opened), span));
    else if (count == 1)
        rf_text_add(&title, "%s", only->title);
    else
        rf_text_add(&title, "%zu incidents: %zu open, %zu over", count, count - over, over);
    return rf_text_take(&title);
}

static char *concerns_of(const struct rf_digest_line *lines, size_t count) {
    const char **incidents = calloc(count + 1, sizeof *incidents);
    for (size_t i = 0; incidents != NULL && i < count; i++)
        incidents[i] = lines[i].incident->fingerprint;
    char *concerns = incidents == NULL ? NULL : rf_concern_of(incidents, count);
    free(incidents);
    return concerns;
}

enum rf_err rf_notice_digest(const struct rf_digest_line *lines, size_t count, const char *why,
                             struct rf_utc now, struct rf_alert *alert, struct rf_error *error) {
    const char *severity = "info";
    size_t over = 0;
    struct rf_utc opened = now;
    for (size_t i = 0; i < count; i++) {
        const struct rf_incident *incident = lines[i].incident;
        severity = rf_notice_graver(severity, incident->severity);
        over += is_over(&lines[i]);
        opened = incident->opened.ns < opened.ns ? incident->opened : opened;
        alert->n = incident->n > alert->n ? incident->n : alert->n;
    }
    alert->at = now;
    alert->opened = opened;
    alert->severity = strdup(severity);
    alert->type = strdup("alert.digest");
    alert->subject = strdup(why);
    alert->incident = strdup("digest");
    alert->concerns = concerns_of(lines, count);
    alert->title = digest_title(lines, count, over);
    alert->text = digest_text(lines, count, why);
    if (alert->title != NULL && alert->text != NULL)
        alert->payload = rf_notice_digest_payload(lines, count, alert);
    return rf_notice_finish(alert, error);
}
