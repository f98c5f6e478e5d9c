#include "curve/roles.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum rf_role role;
    const char *name;
} roles_known[] = {
    {RF_ROLE_PUBLISHER, "publisher"}, {RF_ROLE_SUBSCRIBER, "subscriber"},
    {RF_ROLE_WORKER, "worker"},       {RF_ROLE_CALLER, "caller"},
    {RF_ROLE_TELLER, "teller"},       {RF_ROLE_ADMIN, "admin"},
};

#define ROLE_COUNT (sizeof roles_known / sizeof roles_known[0])

const char *rf_role_name(enum rf_role role) {
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (roles_known[i].role == role)
            return roles_known[i].name;
    return "unknown";
}

static unsigned role_of(const char *word, size_t length) {
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strlen(roles_known[i].name) == length && memcmp(roles_known[i].name, word, length) == 0)
            return roles_known[i].role;
    return 0;
}

enum rf_err rf_roles_parse(const char *text, unsigned *roles, struct rf_error *error) {
    unsigned found = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        unsigned role = role_of(at, length);
        if (role == 0)
            return rf_error_set(error, RF_ERR_INVALID,
                                "\"%.*s\" is no role; expected one or several of publisher, "
                                "subscriber, worker, caller, teller, admin, separated by commas",
                                length > 32 ? 32 : (int)length, at);
        if ((found & role) != 0)
            return rf_error_set(error, RF_ERR_INVALID, "the role %.*s stands twice", (int)length,
                                at);
        found |= role;
        at += length;
        if (*at == '\0')
            break;
    }
    *roles = found;
    return RF_OK;
}

char *rf_roles_text(unsigned roles, char out[RF_ROLES_TEXT_SIZE]) {
    size_t used = 0;
    snprintf(out, RF_ROLES_TEXT_SIZE, "none");
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((roles & roles_known[i].role) != 0)
            used += (size_t)snprintf(out + used, RF_ROLES_TEXT_SIZE - used, "%s%s",
                                     used > 0 ? "," : "", roles_known[i].name);
    return out;
}
