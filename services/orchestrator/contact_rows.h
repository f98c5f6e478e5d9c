// Contacts as they come from the database.
#ifndef RF_ORCHESTRATOR_CONTACT_ROWS_H
#define RF_ORCHESTRATOR_CONTACT_ROWS_H

#include "contact.h"
#include "dnc.h"
#include "store/store.h"

struct rf_rows;

// What a query is to select of `contact c JOIN campaign k` for rf_contact_rows_read.
#define RF_CONTACT_COLUMNS                                                                         \
    "c.id, k.name, c.line, c.phone, c.name, c.fields, c.state, c.step, c.script, c.audio,"         \
    " c.audio_format, c.deferrals, c.spent, c.redials, c.time_zone, c.last_unreached, c.busy,"     \
    " c.no_answer, c.failed, c.canceled, c.voicemail, c.campaign, k.priority,"                     \
    " c.spoken, " RF_DNC_BARRED ", k.version, k.settings, c.ask_since, c.interruptions, c.reason"

// A list of contacts that owns them.
struct rf_contact_list {
    struct rf_contact *items;
    size_t count, room;
};
void rf_contact_list_clear(struct rf_contact_list *list);

// rf_contact_rows_read: appends what the query gives to `list`, and ends the query.
RF_NODISCARD enum rf_err rf_contact_rows_read(struct rf_rows *rows, struct rf_contact_list *list,
                                              struct rf_error *error);

// rf_contact_rows_dial: reads the contact's open attempt to dial, if there is one.
RF_NODISCARD enum rf_err rf_contact_rows_dial(struct rf_db *db, struct rf_contact *contact,
                                              struct rf_error *error);

#endif
