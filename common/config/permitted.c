#include "config/permitted.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(uid_t uid, char *out, size_t size) {
    const struct passwd *user = getpwuid(uid);
    if (user != NULL)
        snprintf(out, size, "%s", user->pw_name);
    else
        snprintf(out, size, "#%u", (unsigned)uid);
    return out;
}

// Whose a file is; of one in a folder that may not be looked into, whose the folder is.
static bool owner_of(const char *file, uid_t *owner) {
    char path[PATH_MAX];
    struct stat status;
    if ((size_t)snprintf(path, sizeof path, "%s", file) >= sizeof path)
        return false;
    bool known = stat(path, &status) == 0 || stat(dirname(path), &status) == 0;
    *owner = known ? status.st_uid : 0;
    return known;
}

enum rf_err rf_config_permitted(const char *file, int mode, struct rf_error *error) {
    char own[64], other[64];
    uid_t owner;
    const char *deed = mode == R_OK ? "read" : "use";
    if (euidaccess(file, mode) == 0 || errno != EACCES)
        return RF_OK;
    name_of(geteuid(), own, sizeof own);
    if (!owner_of(file, &owner) || owner == geteuid() || owner == 0)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "%s: user %s may not %s it; see its rights and those of its folders",
                            file, own, deed);
    name_of(owner, other, sizeof other);
    return rf_error_set(error, RF_ERR_CONFIG,
                        "%s: user %s may not %s it, it is %s's; run this as that user: sudo -u %s "
                        "...",
                        file, own, deed, other, other);
}
