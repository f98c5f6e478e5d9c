// Copies of the database file of campaigns, made while it is in use, and put back later.
#ifndef RF_ORCHESTRATOR_BACKUP_H
#define RF_ORCHESTRATOR_BACKUP_H

#include <stddef.h>

#include <ringfence/error.h>

struct rf_config;

// rf_backup_store_path: where the database file is: <state_dir>/orchestrator/campaign.db.
// RF_ERR_CONFIG if that is too long.
RF_NODISCARD enum rf_err rf_backup_store_path(const struct rf_config *config, char *out,
                                              size_t size, struct rf_error *error);

#endif
