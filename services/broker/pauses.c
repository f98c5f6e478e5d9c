#include "pauses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "throttle/"

// No provider means it when it asks for more, and a date must not overflow.
#define MOST_WAIT (INT64_C(366) * 24 * 3600 * RF_NS_PER_S)

void rf_pauses_init(struct rf_pauses *pauses, struct rf_ground *ground, struct rf_states *states) {
    pauses->ground = ground;
    pauses->states = states;
    pauses->count = 0;
}

static bool stands(const struct rf_pauses *pauses, const struct rf_pause *pause) {
    return pause->until.ns > pauses->ground->now.utc.ns;
}

static struct rf_pause *find(struct rf_pauses *pauses, const char *service, const char *key) {
    for (size_t i = 0; i < pauses->count; i++) {
        struct rf_pause *pause = &pauses->items[i];
        if (strcmp(pause->service, service) == 0 && strcmp(pause->key, key) == 0)
            return pause;
    }
    return NULL;
}

static void forget_those_over(struct rf_pauses *pauses) {
    for (size_t i = 0; i < pauses->count;)
        if (stands(pauses, &pauses->items[i]))
            i++;
        else
            pauses->items[i] = pauses->items[--pauses->count];
}

static struct rf_pause *make(struct rf_pauses *pauses, const char *service, const char *key) {
    if (strlen(service) >= sizeof pauses->items[0].service ||
        strlen(key) >= sizeof pauses->items[0].key)
        return NULL;
    forget_those_over(pauses);
    if (pauses->count == RF_PAUSES_MAX)
        return NULL;
    struct rf_pause *pause = &pauses->items[pauses->count++];
    *pause = (struct rf_pause){.until = {0}};
    snprintf(pause->service, sizeof pause->service, "%s", service);
    snprintf(pause->key, sizeof pause->key, "%s", key);
    return pause;
}

// Its lease is the pause itself.
static void retain(struct rf_pauses *pauses, const struct rf_pause *pause) {
    struct rf_utc now = pauses->ground->now.utc;
    char key[RF_STATE_KEY_BYTES + 1];
    snprintf(key, sizeof key, PREFIX "%s%s%s", pause->service, pause->key[0] != '\0' ? "/" : "",
             pause->key);
    json_t *value =
        json_pack("{s:I, s:I}", "until", (json_int_t)pause->until.ns, "since", (json_int_t)now.ns);
    struct rf_state_entry entry;
    if (value == NULL ||
        rf_states_put(pauses->states, key, value, pause->until.ns - now.ns, &entry) != RF_OK)
        pauses->ground->counters.state_refused++;
    json_decref(value);
}

bool rf_pauses_extend(struct rf_pauses *pauses, const struct rf_limit_pause *word) {
    const char *key = word->key != NULL ? word->key : "";
    struct rf_pause *pause = find(pauses, word->service, key);
    int64_t wait = word->wait_ns < MOST_WAIT ? word->wait_ns : MOST_WAIT;
    struct rf_utc until = rf_utc_add(pauses->ground->now.utc, rf_ns(wait));
    if (wait <= 0 || (pause != NULL && until.ns <= pause->until.ns))
        return false;
    if (pause == NULL && (pause = make(pauses, word->service, key)) == NULL)
        return false;
    pause->until = until;
    retain(pauses, pause);
    return true;
}

void rf_pauses_restore(struct rf_pauses *pauses) {
    struct rf_state_entry *entries = NULL;
    size_t count;
    if (rf_states_list(pauses->states, PREFIX, &entries, &count) != RF_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        char name[RF_STATE_KEY_BYTES + 1];
        snprintf(name, sizeof name, "%s", entries[i].key + strlen(PREFIX));
        char *slash = strchr(name, '/');
        if (slash != NULL)
            *slash = '\0';
        json_int_t until = json_integer_value(json_object_get(entries[i].value, "until"));
        struct rf_pause *pause = until > pauses->ground->now.utc.ns
                                     ? make(pauses, name, slash != NULL ? slash + 1 : "")
                                     : NULL;
        if (pause != NULL)
            pause->until.ns = until;
    }
    free(entries);
}

size_t rf_pauses_list(struct rf_pauses *pauses, struct rf_limit_pause *out, size_t most) {
    size_t count = 0;
    for (size_t i = 0; i < pauses->count && count < most; i++) {
        const struct rf_pause *pause = &pauses->items[i];
        if (stands(pauses, pause))
            out[count++] = (struct rf_limit_pause){
                .service = pause->service,
                .key = pause->key[0] != '\0' ? pause->key : NULL,
                .wait_ns = pause->until.ns - pauses->ground->now.utc.ns,
            };
    }
    return count;
}
