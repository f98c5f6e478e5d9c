#include "config_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One that may not be seen is taken as well: that it may not be read is told when it is, rather
// than that the broker of the defaults does not answer.
static bool exists(const char *file) {
    return euidaccess(file, F_OK) == 0 || errno == EACCES;
}

const char *cli_config_file_find(const char *given, const char *variable, const char *installed) {
    if (given != NULL)
        return given;
    if (variable != NULL && variable[0] != '\0')
        return variable;
    return exists(installed) ? installed : NULL;
}

const char *cli_config_file_take(const char *given) {
    const char *file =
        cli_config_file_find(given, getenv("RINGFENCE_CONFIG"), CLI_INSTALLED_CONFIG);
    if (file != NULL && strcmp(file, CLI_INSTALLED_CONFIG) == 0) {
        (void)setenv("XDG_RUNTIME_DIR", "/run", 1);
        (void)setenv("XDG_STATE_HOME", "/var/lib", 1);
    }
    return file;
}
