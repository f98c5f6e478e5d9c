#include "rights.h"

#include <string.h>

#include "keyring.h"

#define PUBLISHER  RF_ROLE_PUBLISHER
#define SUBSCRIBER RF_ROLE_SUBSCRIBER
#define WORKER     RF_ROLE_WORKER
#define CALLER     RF_ROLE_CALLER
#define ADMIN      RF_ROLE_ADMIN
#define ANY        RF_ROLES_ALL

// Every message that the broker takes. A new one without a row here is refused to everybody with a
// key, and fails a test.
static const unsigned rights[RF_MESSAGE_COUNT] = {
    [RF_MESSAGE_hello] = ANY,
    [RF_MESSAGE_status_request] = ANY,

    [RF_MESSAGE_call_request] = CALLER,
    [RF_MESSAGE_call_cancel] = CALLER,

    [RF_MESSAGE_worker_heartbeat] = WORKER,
    [RF_MESSAGE_worker_recalled] = WORKER,
    [RF_MESSAGE_worker_credit] = WORKER,
    [RF_MESSAGE_worker_handback] = WORKER,
    [RF_MESSAGE_worker_bye] = WORKER,
    [RF_MESSAGE_worker_outcomes] = WORKER,
    [RF_MESSAGE_permit_request] = WORKER,
    [RF_MESSAGE_limit_demand] = WORKER,
    [RF_MESSAGE_call_reply] = WORKER,

    [RF_MESSAGE_stream_open] = PUBLISHER,
    [RF_MESSAGE_stream_skip] = PUBLISHER,
    [RF_MESSAGE_event_publish] = PUBLISHER,
    [RF_MESSAGE_journal_read] = SUBSCRIBER,

    // Workers have to know marks, keys and breakers.
    [RF_MESSAGE_state_get] = SUBSCRIBER | WORKER,
    [RF_MESSAGE_state_list] = SUBSCRIBER | WORKER,
    [RF_MESSAGE_state_watch] = SUBSCRIBER | WORKER,
    [RF_MESSAGE_state_unwatch] = SUBSCRIBER | WORKER,
    [RF_MESSAGE_state_put] = ANY, // after the key, below
    [RF_MESSAGE_state_cas] = ANY,

    [RF_MESSAGE_breaker_control] = ADMIN,
};

// Who writes what; the first prefix that fits counts.
static const struct {
    const char *prefix;
    unsigned roles;
} writers[] = {
    {"process/", ANY},        // each registers itself
    {"provider/", PUBLISHER}, // what was observed of a provider
    {"mark/", WORKER},        {"key/", WORKER}, {"fallback/", WORKER}, {"", ADMIN},
};

unsigned rf_rights_of(enum rf_message_type type) {
    return (unsigned)type < RF_MESSAGE_COUNT ? rights[type] | (rights[type] != 0 ? ADMIN : 0) : 0;
}

static unsigned to_write(const char *key) {
    size_t i = 0;
    while (strncmp(key, writers[i].prefix, strlen(writers[i].prefix)) != 0)
        i++;
    return writers[i].roles | ADMIN;
}

// What a state write is about; "" of any other message.
static const char *key_of(const struct rf_message *message) {
    if (message->type == RF_MESSAGE_state_put)
        return message->as.state_put.key;
    return message->type == RF_MESSAGE_state_cas ? message->as.state_cas.key : "";
}

unsigned rf_rights_need(const struct rf_message *message) {
    bool writes = message->type == RF_MESSAGE_state_put || message->type == RF_MESSAGE_state_cas;
    return writes ? to_write(key_of(message)) : rf_rights_of(message->type);
}

bool rf_rights_suffice(const struct rf_peer *from, unsigned need) {
    return from->who == NULL || (from->who->roles & need) != 0;
}

enum rf_err rf_rights_check(const struct rf_peer *from, const struct rf_message *message,
                            struct rf_error *error) {
    const struct rf_principal *who = from->who;
    unsigned need = rf_rights_need(message);
    if (rf_rights_suffice(from, need))
        return RF_OK;
    if (who->roles == 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the key of %s is not in the broker's list any more", who->name);
    char needed[RF_ROLES_TEXT_SIZE], has[RF_ROLES_TEXT_SIZE];
    // Admin may do everything, so it is only named where nothing less will do.
    unsigned told = (need & ~(unsigned)ADMIN) != 0 ? need & ~(unsigned)ADMIN : need;
    return rf_error_set(error, RF_ERR_INVALID, "%s%s%s needs the role %s; the key of %s has %s",
                        rf_message_type_name(message->type), key_of(message)[0] ? " of " : "",
                        key_of(message), rf_roles_text(told, needed), who->name,
                        rf_roles_text(who->roles, has));
}

bool rf_rights_may_say(const struct rf_peer *from, const char *type) {
    const char *told = rf_event_type_name(RF_EVENT_CALL_TOLD);
    return type == NULL || strcmp(type, told) != 0 ||
           rf_rights_suffice(from, RF_ROLE_TELLER | ADMIN);
}

enum rf_err rf_rights_check_events(const struct rf_peer *from, const struct rf_message *message,
                                   struct rf_error *error) {
    if (message->type != RF_MESSAGE_event_publish)
        return RF_OK;
    const struct rf_event_publish *publish = &message->as.event_publish;
    char has[RF_ROLES_TEXT_SIZE];
    for (size_t i = 0; i < publish->events.count; i++)
        if (!rf_rights_may_say(from, publish->events.items[i].type))
            return rf_error_set(error, RF_ERR_INVALID, "%s needs the role %s; the key of %s has %s",
                                publish->events.items[i].type, rf_role_name(RF_ROLE_TELLER),
                                from->who->name, rf_roles_text(from->who->roles, has));
    return RF_OK;
}

const char *rf_rights_question(const struct rf_message *message) {
    switch (message->type) {
    case RF_MESSAGE_status_request:
        return message->as.status_request.rid;
    case RF_MESSAGE_breaker_control:
        return message->as.breaker_control.rid;
    case RF_MESSAGE_call_request:
        return message->as.call_request.id;
    case RF_MESSAGE_journal_read:
        return message->as.journal_read.rid;
    case RF_MESSAGE_state_get:
        return message->as.state_get.rid;
    case RF_MESSAGE_state_put:
        return message->as.state_put.rid;
    case RF_MESSAGE_state_cas:
        return message->as.state_cas.rid;
    case RF_MESSAGE_state_list:
        return message->as.state_list.rid;
    case RF_MESSAGE_state_watch:
        return message->as.state_watch.rid;
    case RF_MESSAGE_state_unwatch:
        return message->as.state_unwatch.rid;
    default:
        return NULL;
    }
}
