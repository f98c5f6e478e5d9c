#include "contact_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaigns/schema.h"
#include "dial.h"
#include "store/db.h"

void rf_contact_list_clear(struct rf_contact_list *list) {
    for (size_t i = 0; i < list->count; i++)
        rf_contact_clear(&list->items[i]);
    free(list->items);
    *list = (struct rf_contact_list){0};
}

static struct rf_contact *append(struct rf_contact_list *list) {
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct rf_contact *items = reallocarray(list->items, room, sizeof *items);
        if (!items)
            return NULL;
        list->items = items;
        list->room = room;
    }
    struct rf_contact *contact = &list->items[list->count++];
    *contact = (struct rf_contact){0};
    return contact;
}

static bool copy(char **out, const char *text) {
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static enum rf_err read_contact(struct rf_rows *row, struct rf_contact *contact,
                                struct rf_error *error) {
    contact->row = rf_rows_number(row, 0);
    contact->line = rf_rows_number(row, 2);
    contact->step = (enum rf_step)rf_rows_number(row, 7);
    rf_plan_copy(contact->audio, sizeof contact->audio, rf_rows_text(row, 9));
    rf_plan_copy(contact->audio_format, sizeof contact->audio_format, rf_rows_text(row, 10));
    contact->deferrals = rf_rows_number(row, 11);
    contact->spent = rf_rows_number(row, 12);
    contact->redials = rf_rows_number(row, 13);
    // In the order of enum rf_unreached, which begins with those that were reached.
    for (int how = RF_UNREACHED_BUSY; how < RF_UNREACHED_COUNT; how++)
        contact->unreached[how] = rf_rows_number(row, 15 + how);
    contact->campaign_row = rf_rows_number(row, 21);
    contact->priority = rf_rows_number(row, 22);
    contact->spoken.ns = rf_rows_number(row, 23);
    contact->barred = rf_rows_number(row, 24) != 0;
    contact->version = rf_rows_number(row, 25);
    contact->ask_since.ns = rf_rows_number(row, 27);
    contact->interruptions = rf_rows_number(row, 28);
    if (!rf_unreached_parse(rf_rows_text(row, 15), &contact->last_unreached))
        return rf_error_set(error, RF_ERR_INVALID, "contact %lld has an unknown last ending",
                            (long long)contact->row);
    if (!rf_contact_state_parse(rf_rows_text(row, 6), &contact->state))
        return rf_error_set(error, RF_ERR_INVALID, "contact %lld has an unknown state",
                            (long long)contact->row);
    contact->dial.interrupted =
        contact->state == RF_CONTACT_ASK && rf_dial_interrupted(rf_rows_text(row, 29));
    if (!copy(&contact->campaign, rf_rows_text(row, 1)) ||
        !copy(&contact->phone, rf_rows_text(row, 3)) ||
        !copy(&contact->name, rf_rows_text(row, 4)) ||
        !copy(&contact->fields, rf_rows_text(row, 5)) ||
        !copy(&contact->script, rf_rows_text(row, 8)) ||
        !copy(&contact->time_zone, rf_rows_text(row, 14)) ||
        !copy(&contact->settings, rf_rows_text(row, 26)))
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    (void)snprintf(contact->id, sizeof contact->id, "%s-%lld", contact->campaign,
                   (long long)contact->line);
    return RF_OK;
}

enum rf_err rf_contact_rows_read(struct rf_rows *rows, struct rf_contact_list *list,
                                 struct rf_error *error) {
    enum rf_err err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        struct rf_contact *contact = append(list);
        err = contact ? read_contact(rows, contact, error)
                      : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        if (err != RF_OK)
            break;
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err rf_contact_rows_dial(struct rf_db *db, struct rf_contact *contact,
                                 struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err =
        rf_db_query(db, error, &row,
                    "SELECT id, state, created, send_before, sid, account, sender,"
                    " proven_after, question FROM attempt WHERE contact = ? AND " RF_SCHEMA_OPEN,
                    "i", contact->row);
    if (err != RF_OK)
        return err;
    struct rf_dial *dial = &contact->dial;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        rf_plan_copy(dial->id, sizeof dial->id, rf_rows_text(row, 0));
        dial->created.ns = rf_rows_number(row, 2);
        dial->send_before.ns = rf_rows_number(row, 3);
        rf_plan_copy(dial->sid, sizeof dial->sid, rf_rows_text(row, 4));
        rf_plan_copy(dial->account, sizeof dial->account, rf_rows_text(row, 5));
        rf_plan_copy(dial->sender, sizeof dial->sender, rf_rows_text(row, 6));
        dial->proven_after.ns = rf_rows_number(row, 7);
        dial->question = rf_rows_number(row, 8) != 0;
        if (!rf_dial_state_parse(rf_rows_text(row, 1), &dial->state))
            err = rf_error_set(error, RF_ERR_INVALID, "attempt %s has an unknown state", dial->id);
    }
    rf_rows_end(&row);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
