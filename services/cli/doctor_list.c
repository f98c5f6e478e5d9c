#include "doctor_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const doctor_groups[] = {
    "version", "config", "secrets",  "port",    "rights", "disk",     "connection", "clock",
    "key",     "mail",   "telegram", "webhook", "sheets", "database", "keys",       "bus",
};
const size_t doctor_group_count = sizeof doctor_groups / sizeof doctor_groups[0];

static bool is_of(const char *name, const char *group) {
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && (name[length] == '\0' || name[length] == '/');
}

bool doctor_only_known(const char *only) {
    for (size_t i = 0; i < doctor_group_count; i++)
        if (is_of(only, doctor_groups[i]))
            return true;
    return false;
}

struct doctor_check *doctor_add(struct doctor_list *list, const char *name, struct rf_instant now) {
    if ((list->only != NULL && !is_of(name, list->only)) || list->count == DOCTOR_MOST)
        return NULL;
    struct doctor_check *check = calloc(1, sizeof *check);
    if (check == NULL)
        return NULL;
    snprintf(check->name, sizeof check->name, "%s", name);
    check->began = now;
    list->checks[list->count++] = check;
    list->pending++;
    return check;
}

void doctor_settle(struct doctor_list *list, struct doctor_check *check,
                   enum doctor_verdict verdict, struct rf_instant now, const char *text,
                   const char *mend) {
    if (check == NULL || check->verdict != DOCTOR_PENDING)
        return;
    check->verdict = verdict;
    check->took = rf_instant_since(now, check->began);
    snprintf(check->text, sizeof check->text, "%s", text);
    snprintf(check->mend, sizeof check->mend, "%s", mend != NULL ? mend : "");
    list->pending--;
}

const struct doctor_check *doctor_next(struct doctor_list *list) {
    if (list->told == list->count || list->checks[list->told]->verdict == DOCTOR_PENDING)
        return NULL;
    return list->checks[list->told++];
}

size_t doctor_count(const struct doctor_list *list, enum doctor_verdict verdict) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->checks[i]->verdict == verdict ? 1 : 0;
    return count;
}

const char *doctor_verdict_name(enum doctor_verdict verdict) {
    static const char *const names[] = {"pending", "ok", "warn", "fail", "skipped"};
    return names[verdict];
}

void doctor_line(const struct doctor_check *check, struct rf_text *text) {
    rf_text_add(text, "%-8s%-24s %7.1f ms  %s\n", doctor_verdict_name(check->verdict), check->name,
                rf_duration_s(check->took) * 1e3, check->text);
    if (check->mend[0] != '\0')
        rf_text_add(text, "        to do: %s\n", check->mend);
}

static json_t *check_json(const struct doctor_check *check) {
    int64_t took_us = check->took.ns / 1000;
    json_t *json = json_pack("{s:s, s:s, s:f, s:s}", "name", check->name, "verdict",
                             doctor_verdict_name(check->verdict), "took_ms", (double)took_us / 1e3,
                             "text", check->text);
    if (check->mend[0] != '\0')
        (void)json_object_set_new(json, "mend", json_string(check->mend));
    return json;
}

json_t *doctor_json(const struct doctor_list *list) {
    json_t *checks = json_array();
    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(checks, check_json(list->checks[i]));
    size_t failed = doctor_count(list, DOCTOR_FAIL);
    return json_pack("{s:b, s:{s:I, s:I, s:I, s:I}, s:o}", "ok", failed == 0, "counts", "ok",
                     (json_int_t)doctor_count(list, DOCTOR_OK), "warn",
                     (json_int_t)doctor_count(list, DOCTOR_WARN), "fail", (json_int_t)failed,
                     "skipped", (json_int_t)doctor_count(list, DOCTOR_SKIPPED), "checks", checks);
}

void doctor_list_fini(struct doctor_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->checks[i]);
    *list = (struct doctor_list){0};
}
