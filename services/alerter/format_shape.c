// The bodies that Slack's incoming webhooks, Discord's webhooks and PagerDuty's events take. Their
// bounds are in UTF-16 code units, of the text as it is sent.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "format_parts.h"
#include "measure.h"
#include "view.h"

// docs.slack.dev, "Blocks" (header, section) and "Messages"; the sum of all is bounded too, at a
// value that is not documented: 13,200 was seen (github.com/slackapi/bolt-js, issue 2509).
#define SLACK_HEADER  150
#define SLACK_SECTION 3000
#define SLACK_FIELD   2000
#define SLACK_FIELDS  10 // a section
#define SLACK_BLOCKS  50
#define SLACK_TOTAL   12000
// discord.com/developers/docs/resources/message, "Embed limits".
#define DISCORD_TITLE       256
#define DISCORD_DESCRIPTION 4096
#define DISCORD_NAME        256
#define DISCORD_VALUE       1024
#define DISCORD_FIELDS      25
#define DISCORD_TOTAL       6000
// developer.pagerduty.com, Events API v2: a request has at most 512 KB.
#define PAGERDUTY_SUMMARY 1024
#define PAGERDUTY_KEY     255
#define PAGERDUTY_SOURCE  255
#define PAGERDUTY_DETAIL  4096
#define PAGERDUTY_DETAILS 50

typedef void escape_fn(struct rf_text *out, const char *value);

// A receiver's way with texts, and how much of its whole bound is left.
struct room {
    escape_fn *escape;
    rf_cost_fn *cost;
    size_t left;
};

static const char *member(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

// The value, cut to the field's bound and to what is left in all, and escaped; NULL: out of memory.
static json_t *fitted(struct room *room, const char *value, size_t limit) {
    struct rf_text out = {0};
    char *cut = rf_measure_cut(value, limit < room->left ? limit : room->left, room->cost);
    if (cut == NULL)
        return NULL;
    room->left -= rf_measure_text(cut, SIZE_MAX, room->cost).units;
    room->escape(&out, cut);
    free(cut);
    char *text = rf_text_take(&out);
    json_t *fits = text == NULL ? NULL : json_string(text);
    free(text);
    return fits;
}

// What happened, and what to do: the paragraphs of the alert.
static char *story_of(const json_t *view) {
    struct rf_text text = {0};
    const json_t *lines = json_object_get(view, "lines");
    const char *const before[] = {member(view, "late"), member(view, "state")};
    for (size_t i = 0; i < 2; i++)
        if (before[i][0] != '\0')
            rf_text_add(&text, "%s\n", before[i]);
    for (size_t i = 0; i < json_array_size(lines); i++)
        rf_text_add(&text, "%s\n", json_string_value(json_array_get(lines, i)));
    if (member(view, "advice")[0] != '\0')
        rf_text_add(&text, "\nWhat to do: %s\n", member(view, "advice"));
    if (text.size > 0 && !text.failed)
        text.data[--text.size] = '\0';
    return rf_text_take(&text);
}

static char *last_line_of(const json_t *view) {
    char *line = NULL;
    return asprintf(&line, "id: %s", member(view, "id")) < 0 ? NULL : line;
}

// ---- Slack ----

// Plain text everywhere: no markup and no mention is read in it. "&", "<" and ">" are escaped all
// the same, as they are what Slack's control sequences are made of.
static void escape_slack(struct rf_text *out, const char *value) {
    for (; *value != '\0'; value++) {
        const char *entity = *value == '&'   ? "&amp;"
                             : *value == '<' ? "&lt;"
                             : *value == '>' ? "&gt;"
                                             : NULL;
        if (entity != NULL)
            rf_text_add(out, "%s", entity);
        else
            rf_text_add_bytes(out, value, 1);
    }
}

static size_t cost_slack(char c) {
    return c == '&' ? 4 : c == '<' || c == '>' ? 3 : 0;
}

static json_t *slack_text(struct room *room, const char *value, size_t limit) {
    return json_pack("{s:s, s:o, s:b}", "type", "plain_text", "text",
                     fitted(room, value[0] == '\0' ? " " : value, limit), "emoji", 0);
}

static bool add_slack_text(json_t *blocks, struct room *room, const char *type, const char *value,
                           size_t limit) {
    return value[0] == '\0' ||
           json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", type, "text",
                                                   slack_text(room, value, limit))) == 0;
}

static bool add_slack_facts(json_t *blocks, struct room *room, const json_t *facts) {
    json_t *fields = NULL;
    for (size_t i = 0; i < json_array_size(facts) && room->left > 0; i++) {
        const json_t *fact = json_array_get(facts, i);
        if (fields == NULL || json_array_size(fields) == SLACK_FIELDS) {
            if (json_array_size(blocks) + 2 >= SLACK_BLOCKS)
                return true; // the rest is left out, the id is not
            fields = json_array();
            if (json_array_append_new(
                    blocks, json_pack("{s:s, s:o}", "type", "section", "fields", fields)) != 0)
                return false;
        }
        if (json_array_append_new(fields, slack_text(room, member(fact, "label"), SLACK_FIELD)) ||
            json_array_append_new(fields, slack_text(room, member(fact, "value"), SLACK_FIELD)))
            return false;
    }
    return true;
}

static json_t *slack_body(const json_t *view) {
    struct room head = {escape_slack, cost_slack, SLACK_TOTAL}, room = head;
    json_t *blocks = json_array();
    char *story = story_of(view), *last = last_line_of(view), *title = NULL;
    bool done = blocks != NULL && story != NULL && last != NULL &&
                asprintf(&title, "[%s] %s", member(view, "severity"), member(view, "title")) >= 0;
    room.left -= 256; // for the id
    done = done && add_slack_text(blocks, &room, "header", title, SLACK_HEADER) &&
           add_slack_text(blocks, &room, "section", story, SLACK_SECTION) &&
           add_slack_facts(blocks, &room, json_object_get(view, "facts"));
    room.left = 256;
    done = done &&
           json_array_append_new(blocks, json_pack("{s:s, s:[o]}", "type", "context", "elements",
                                                   slack_text(&room, last, SLACK_FIELD))) == 0;
    json_t *body =
        done ? json_pack("{s:o, s:O, s:b, s:b, s:b}", "text", fitted(&head, title, SLACK_SECTION),
                         "blocks", blocks, "mrkdwn", 0, "unfurl_links", 0, "unfurl_media", 0)
             : NULL;
    json_decref(blocks);
    free(story);
    free(last);
    free(title);
    return body;
}

// ---- Discord ----

#define DISCORD_MARKS "\\*_~`|>#-[]()<@:."

// A backslash takes its meaning from any mark; mentions call nobody from an embed, and
// allowed_mentions forbids them anyway.
static void escape_discord(struct rf_text *out, const char *value) {
    for (; *value != '\0'; value++) {
        if (strchr(DISCORD_MARKS, *value) != NULL)
            rf_text_add_bytes(out, "\\", 1);
        rf_text_add_bytes(out, value, 1);
    }
}

static size_t cost_discord(char c) {
    return c != '\0' && strchr(DISCORD_MARKS, c) != NULL ? 1 : 0;
}

static bool add_discord_facts(json_t *fields, struct room *room, const json_t *facts) {
    for (size_t i = 0; i < json_array_size(facts) && i < DISCORD_FIELDS; i++) {
        const json_t *fact = json_array_get(facts, i);
        if (room->left < DISCORD_NAME)
            return true; // an empty field would be refused
        if (member(fact, "value")[0] == '\0' || member(fact, "label")[0] == '\0')
            continue;
        json_t *name = fitted(room, member(fact, "label"), DISCORD_NAME / 2);
        if (json_array_append_new(fields,
                                  json_pack("{s:o, s:o, s:b}", "name", name, "value",
                                            fitted(room, member(fact, "value"), DISCORD_VALUE),
                                            "inline", 0)) != 0)
            return false;
    }
    return true;
}

static json_t *discord_body(const json_t *view, const struct rf_alert *alert) {
    char when[RF_RFC3339_SIZE];
    struct room room = {escape_discord, cost_discord, DISCORD_TOTAL - 256};
    struct room foot = {rf_escape_nothing, NULL, 256};
    json_t *fields = json_array(), *body = NULL;
    char *story = story_of(view), *last = last_line_of(view), *title = NULL;
    if (story != NULL && last != NULL && fields != NULL &&
        asprintf(&title, "[%s] %s", member(view, "severity"), member(view, "title")) >= 0) {
        json_t *head = fitted(&room, title, DISCORD_TITLE);
        json_t *text = fitted(&room, story, DISCORD_DESCRIPTION);
        if (add_discord_facts(fields, &room, json_object_get(view, "facts")))
            body =
                json_pack("{s:[{s:o, s:o, s:I, s:s, s:O, s:{s:o}}], s:{s:[]}}", "embeds", "title",
                          head, "description", text, "color", (json_int_t)rf_view_color(alert),
                          "timestamp", rf_utc_format(alert->at, when), "fields", fields, "footer",
                          "text", fitted(&foot, last, 256), "allowed_mentions", "parse");
    }
    json_decref(fields);
    free(story);
    free(last);
    free(title);
    return body;
}

// ---- PagerDuty ----

// Its severities are ours.
static const char *pagerduty_severity(const char *severity) {
    static const char *const known[] = {"critical", "error", "warning", "info"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], severity) == 0)
            return severity;
    return "error";
}

// One key for one incident: its later notices change the same alert there. A digest belongs to no
// incident and has a key of its own.
static json_t *dedup_key(const struct rf_alert *alert) {
    char hex[RF_SHA256_HEX_SIZE];
    const char *key = alert->kind == RF_NOTICE_DIGEST ? alert->id : alert->incident;
    if (key[0] == '\0')
        key = alert->thread;
    if (strlen(key) > PAGERDUTY_KEY)
        key = rf_sha256_hex(key, strlen(key), hex);
    return json_string(key);
}

static bool set_detail(json_t *details, struct room *room, const char *name, const char *value) {
    return value[0] == '\0' || name[0] == '\0' ||
           json_object_set_new(details, name, fitted(room, value, PAGERDUTY_DETAIL)) == 0;
}

static json_t *pagerduty_details(const json_t *view) {
    struct room room = {rf_escape_nothing, NULL, SIZE_MAX};
    const json_t *facts = json_object_get(view, "facts");
    json_t *details = json_object();
    char *story = story_of(view);
    bool done = details != NULL && story != NULL && set_detail(details, &room, "text", story);
    for (size_t i = 0; done && i < json_array_size(facts) && i < PAGERDUTY_DETAILS; i++)
        done = set_detail(details, &room, member(json_array_get(facts, i), "label"),
                          member(json_array_get(facts, i), "value"));
    static const char *const names[] = {"id", "kind", "thread", "opened", "lasted"};
    for (size_t i = 0; done && i < sizeof names / sizeof names[0]; i++)
        done = set_detail(details, &room, names[i], member(view, names[i]));
    free(story);
    if (!done) {
        json_decref(details);
        return NULL;
    }
    return details;
}

static json_t *pagerduty_payload(const json_t *view, const struct rf_alert *alert) {
    char when[RF_RFC3339_SIZE];
    struct room room = {rf_escape_nothing, NULL, SIZE_MAX};
    const char *subject = member(view, "subject");
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o}", "summary",
                     fitted(&room, member(view, "title"), PAGERDUTY_SUMMARY), "source",
                     fitted(&room, subject[0] == '\0' ? "ringfence" : subject, PAGERDUTY_SOURCE),
                     "severity", pagerduty_severity(alert->severity), "timestamp",
                     rf_utc_format(alert->at, when), "class", member(view, "type"),
                     "custom_details", pagerduty_details(view));
}

// An acknowledgement needs no payload and changes nothing of what is shown
// (developer.pagerduty.com, "Send an Alert Event").
static json_t *pagerduty_body(const json_t *view, const struct rf_alert *alert,
                              const char *routing_key) {
    const char *action = alert->kind == RF_NOTICE_RESOLVED ? "resolve"
                         : alert->kind == RF_NOTICE_ACKED  ? "acknowledge"
                                                           : "trigger";
    json_t *body = json_pack("{s:s, s:s, s:o, s:s}", "routing_key", routing_key, "event_action",
                             action, "dedup_key", dedup_key(alert), "client", "Ringfence");
    if (alert->kind == RF_NOTICE_ACKED ||
        json_object_set_new(body, "payload", pagerduty_payload(view, alert)) == 0)
        return body;
    json_decref(body);
    return NULL;
}

char *rf_shape_body(const struct rf_webhook_form *form) {
    json_t *view = rf_view_new(form->alert, form->now), *body = NULL;
    if (view != NULL && form->shape == RF_SHAPE_SLACK)
        body = slack_body(view);
    else if (view != NULL && form->shape == RF_SHAPE_DISCORD)
        body = discord_body(view, form->alert);
    else if (view != NULL)
        body = pagerduty_body(view, form->alert, form->secret);
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    json_decref(view);
    return text;
}
