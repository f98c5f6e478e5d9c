#include "limit_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "events/field.h"
#include "member.h"

static bool is_kind(const json_t *limit, const char *kind) {
    return strcmp(cli_member_text(limit, "kind"), kind) == 0;
}

static int64_t wanted_of(const json_t *limit) {
    size_t i;
    json_t *holder;
    int64_t wanted = 0;
    json_array_foreach(json_object_get(limit, "holders"), i, holder) wanted +=
        cli_member_number(holder, "wanted");
    return wanted;
}

// Every provider has a budget of retries; it is of interest when it holds calls back. A gateway has
// some granted before it needs them, so that nothing being left does not say so.
static bool is_told(const json_t *limit) {
    return !is_kind(limit, "retries") || wanted_of(limit) > 0;
}

static void name_text(const json_t *item, struct rf_text *text) {
    char key[9]; // as keys are told elsewhere
    struct rf_text name = {0};
    snprintf(key, sizeof key, "%s", cli_member_text(item, "key"));
    rf_text_add_clean(&name, cli_member_text(item, "service"), 32);
    if (key[0] != '\0') {
        rf_text_add(&name, " ");
        rf_text_add_clean(&name, key, sizeof key);
    }
    rf_text_add(text, "  %-14s ", name.data != NULL ? name.data : "");
    rf_text_fini(&name);
}

static void holders_text(const json_t *limit, struct rf_text *text) {
    size_t i;
    json_t *holder;
    const char *between = ": ";
    json_array_foreach(json_object_get(limit, "holders"), i, holder) {
        int64_t has = cli_member_number(holder, "has");
        if (has == 0)
            continue;
        rf_text_add(text, "%s", between);
        rf_text_add_clean(text, cli_member_text(holder, "instance"), 100);
        rf_text_add(text, " %" PRId64 "%s", has,
                    json_is_true(json_object_get(holder, "lost")) ? " (lost)" : "");
        between = ", ";
    }
}

static void limit_text(const json_t *limit, struct rf_text *text) {
    int64_t outstanding = cli_member_number(limit, "outstanding"), wanted = wanted_of(limit);
    name_text(limit, text);
    if (is_kind(limit, "places"))
        rf_text_add(text, "%" PRId64 " of %" PRId64 " attempts at once granted", outstanding,
                    cli_member_number(limit, "most"));
    else if (is_kind(limit, "tokens"))
        rf_text_add(text, "%g attempts a second, %" PRId64 " granted and not begun",
                    json_number_value(json_object_get(limit, "rate")), outstanding);
    else
        rf_text_add(text, "no retry is left in the budget, %" PRId64 " granted", outstanding);
    if (wanted > 0)
        rf_text_add(text, ", %" PRId64 " more wanted", wanted);
    if (json_is_true(json_object_get(limit, "held")))
        rf_text_add(text, ", held until all gateways are known");
    holders_text(limit, text);
    rf_text_add(text, "\n");
}

static void pauses_text(const json_t *pauses, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *pause;
    if (json_array_size(pauses) > 0)
        rf_text_add(text, "paused as the provider asks\n");
    json_array_foreach(pauses, i, pause) {
        char left[RF_TIME_TEXT_SIZE];
        struct rf_utc until = {cli_member_number(pause, "until")};
        name_text(pause, text);
        rf_text_add(text, "for %s\n", rf_span_text(rf_utc_since(until, now), left));
    }
}

void cli_limits_text(const json_t *broker, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *limit;
    bool any = false;
    json_array_foreach(json_object_get(broker, "limits"), i, limit) {
        if (!is_told(limit))
            continue;
        if (!any)
            rf_text_add(text, "limits\n");
        any = true;
        limit_text(limit, text);
    }
    pauses_text(json_object_get(broker, "pauses"), now, text);
}
