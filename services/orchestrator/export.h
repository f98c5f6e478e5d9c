// What came of a campaign's contacts, for a file: all that is stored of each, page by page.
#ifndef RF_ORCHESTRATOR_EXPORT_H
#define RF_ORCHESTRATOR_EXPORT_H

#include "report.h"

// rf_export_run: a job of struct rf_report: {contacts: [{line, id, phone, name, fields, state,
// step, outcome, reason, message, attempts, created, first_dial, ended, provider, sids,
// duration_s}], columns, last, more}. Contacts are in order of their lines, behind `after`; of
// those that are not among report->states only the place is kept: the next page begins behind
// `last`, if there is `more`. `columns` are the names of the fields, in the order of the lists;
// with the first page alone. Times are UTC in ns; what is not known is left out. RF_ERR_NOT_FOUND
// if there is no such campaign.
enum rf_err rf_export_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// rf_export_states_valid: whether it is NULL or an array of new, running, waiting, done, set_aside.
bool rf_export_states_valid(const json_t *states);

#endif
