// The simulator's own face: what was received, and what is to go wrong.
//
//   GET  /admin/healthz      200 {"ok": true}
//   GET  /admin/ledger       all that was received; ?only=NAME[,NAME...] gives these lists alone
//   GET  /admin/faults       the faults with their hits
//   PUT  /admin/faults       replaces them all, and lets go what they held
//   GET  /admin/keys         the keys that are accepted
//   PUT  /admin/keys         replaces them all
//   PUT  /admin/settings     {"sheet_rows", "sheet_columns", "elevenlabs_character_limit",
//                             "elevenlabs_character_reset", "twilio_balance_cents"}
//   PUT  /admin/chats        {"OLD": NEW, ...}: Telegram's groups that became supergroups
//   PUT  /admin/clocks       {"FACE": SECONDS, ...}: how far the clocks of these faces are ahead
//   POST /admin/reset        forgets everything: ledger, calls, sheets, tokens, faults, keys,
//   settings

#include <stdlib.h>
#include <string.h>

#include "sim.h"

static void refuse(unsigned status, const char *message, struct sim_reply *reply) {
    sim_reply_json(reply, status, json_pack("{s:s}", "error", message));
}

static void done(struct sim_reply *reply) {
    sim_reply_json(reply, 200, json_pack("{s:b}", "ok", 1));
}

static bool wanted(const char *only, const char *name) {
    size_t length = strlen(name);
    for (const char *at = only; at != NULL && (at = strstr(at, name)) != NULL; at += length)
        if ((at == only || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return only == NULL;
}

static void ledger(const struct sim *sim, const char *only, struct sim_reply *reply) {
    json_t *value = sim_ledger_json(&sim->ledger);
    json_t *copy = json_object();
    json_object_set_new(value, "dials",
                        wanted(only, "dials") ? sim_calls_json(&sim->calls) : json_null());
    json_object_set_new(value, "sheets",
                        wanted(only, "sheets") ? sim_grids_json(&sim->grids) : json_null());
    const char *name;
    json_t *list;
    json_object_foreach(value, name, list) {
        if (wanted(only, name))
            json_object_set(copy, name, list);
    }
    json_decref(value);
    sim_reply_json(reply, 200, copy);
}

static bool setting(const json_t *value, const char *name, size_t most, size_t *number,
                    bool *valid) {
    const json_t *given = json_object_get(value, name);
    if (given == NULL)
        return false;
    *valid = *valid && json_is_integer(given) && json_integer_value(given) >= 1 &&
             (uint64_t)json_integer_value(given) <= most;
    *number = *valid ? (size_t)json_integer_value(given) : 0;
    return true;
}

static void settings(struct sim *sim, const json_t *value, struct sim_reply *reply) {
    size_t rows = 0, columns = 0, characters = 0, reset_at = 0, cents = 0;
    bool valid = json_is_object(value);
    size_t known = 0;
    known += setting(value, "sheet_rows", SIM_GRID_ROWS_MOST, &rows, &valid);
    known += setting(value, "sheet_columns", 1000, &columns, &valid);
    known += setting(value, "elevenlabs_character_limit", 1000000000, &characters, &valid);
    known += setting(value, "elevenlabs_character_reset", 9000000000, &reset_at, &valid);
    known += setting(value, "twilio_balance_cents", 1000000000, &cents, &valid);
    if (!valid || known != json_object_size(value)) {
        refuse(400,
               "expected {\"sheet_rows\", \"sheet_columns\", \"elevenlabs_character_limit\", "
               "\"elevenlabs_character_reset\", \"twilio_balance_cents\"}, numbers from 1",
               reply);
        return;
    }
    if (rows > 0)
        sim->grids.row_bound = rows;
    if (columns > 0)
        sim->grids.column_bound = columns;
    if (characters > 0)
        sim->characters_limit = characters;
    if (reset_at > 0)
        sim->characters_reset = reset_at;
    if (cents > 0)
        sim->balance_cents = cents;
    done(reply);
}

static void move_chats(struct sim *sim, json_t *value, struct sim_reply *reply) {
    const char *chat;
    json_t *number;
    json_object_foreach(value, chat, number) {
        if (!json_is_integer(number)) {
            refuse(400, "expected {\"OLD\": NEW, ...}, each new one a number", reply);
            return;
        }
    }
    json_decref(sim->chats);
    sim->chats = json_incref(value);
    done(reply);
}

#define AHEAD_MOST_S 1000000000

static void set_clocks(struct sim *sim, json_t *value, struct sim_reply *reply) {
    const char *face;
    json_t *ahead;
    json_object_foreach(value, face, ahead) {
        if (!json_is_integer(ahead) || llabs(json_integer_value(ahead)) > AHEAD_MOST_S) {
            refuse(400, "expected {\"FACE\": SECONDS, ...}: how far its clock is ahead", reply);
            return;
        }
    }
    json_decref(sim->clocks);
    sim->clocks = json_incref(value);
    done(reply);
}

static void put(struct sim *sim, const struct sim_request *request, const char *path,
                struct rf_utc now, struct sim_reply *reply) {
    struct rf_error error = {0};
    enum rf_err result = RF_OK;
    json_t *value = sim_request_json(request);
    if (value == NULL)
        refuse(400, "the body is not a JSON object", reply);
    else if (strcmp(path, "/settings") == 0)
        settings(sim, value, reply);
    else if (strcmp(path, "/chats") == 0)
        move_chats(sim, value, reply);
    else if (strcmp(path, "/clocks") == 0)
        set_clocks(sim, value, reply);
    else if (strcmp(path, "/faults") == 0)
        result = sim_faults_set(&sim->faults, value, sim->options.seed, now, &error);
    else
        result = sim_keys_set(&sim->keys, value, &error);
    if (result != RF_OK)
        refuse(400, error.message, reply);
    else if (reply->status == 0)
        done(reply);
    if (reply->status == 200 && strcmp(path, "/faults") == 0)
        sim->holds++;
    json_decref(value);
}

static void reset(struct sim *sim) {
    struct sim_options options = sim->options;
    uint64_t requests = sim->requests; // request ids stay unique over a reset
    uint64_t holds = sim->holds + 1;   // and what was held may go
    sim_fini(sim);
    sim_init(sim, &options);
    sim->requests = requests;
    sim->holds = holds;
}

void sim_admin_handle(struct sim *sim, const struct sim_request *request, const char *path,
                      struct rf_utc now, struct sim_reply *reply) {
    bool get = sim_request_is(request, "GET");
    bool puts = sim_request_is(request, "PUT");
    if (get && strcmp(path, "/healthz") == 0)
        done(reply);
    else if (get && strcmp(path, "/ledger") == 0)
        ledger(sim, sim_request_query(request, "only"), reply);
    else if (get && strcmp(path, "/faults") == 0)
        sim_reply_json(reply, 200, sim_faults_json(&sim->faults));
    else if (get && strcmp(path, "/keys") == 0)
        sim_reply_json(reply, 200, sim_keys_json(&sim->keys));
    else if (puts && (strcmp(path, "/faults") == 0 || strcmp(path, "/keys") == 0 ||
                      strcmp(path, "/settings") == 0 || strcmp(path, "/chats") == 0 ||
                      strcmp(path, "/clocks") == 0))
        put(sim, request, path, now, reply);
    else if ((puts || sim_request_is(request, "POST")) && strcmp(path, "/reset") == 0) {
        reset(sim);
        done(reply);
    } else
        refuse(404, "no such path; see ringfence-simulator(8)", reply);
}
