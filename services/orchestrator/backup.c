#include "backup.h"

#include <stdio.h>

#include "config/config.h"

enum rf_err rf_backup_store_path(const struct rf_config *config, char *out, size_t size,
                                 struct rf_error *error) {
    int length = snprintf(out, size, "%s/orchestrator/campaign.db", config->state_dir);
    if (length < 0 || (size_t)length >= size)
        return rf_error_set(error, RF_ERR_CONFIG, "state_dir is too long");
    return RF_OK;
}
