// What the database says about campaigns, for status, contacts and export. Each result is made by
// the store's thread in the job's own memory.
#ifndef RF_ORCHESTRATOR_REPORT_H
#define RF_ORCHESTRATOR_REPORT_H

#include <jansson.h>

#include "store/store.h"

#define RF_REPORT_PAGE_MAX 1000

struct rf_report {
    struct rf_store_job job; // run is one of the two below, or that of export.h
    void *owner;
    char *call;           // id of the request
    char *campaign;       // NULL: all (status)
    int64_t after, limit; // of contacts
    json_t *states;       // of an export; NULL: all
    json_t *result;
};

// rf_report_status_run: {campaigns: [{name, total, new, running, waiting, done, set_aside,
// outcomes, reasons, finished, window_opens, calls_again}]}; the last two only while somebody waits
// for the window, or for another call: when the first of them is due (UTC in ns).
enum rf_err rf_report_status_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

// rf_report_contacts_run: {contacts: [{id, line, phone, name, state, step, outcome, reason,
// message, sid, attempts, until}]}, until only of those that wait; ordered by line, after `after`.
// RF_ERR_NOT_FOUND if there is no such campaign.
enum rf_err rf_report_contacts_run(struct rf_store_job *job, struct rf_db *db,
                                   struct rf_error *error);

void rf_report_destroy(struct rf_report **report);

#endif
