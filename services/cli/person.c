#include "person.h"

#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

const char *cli_person(void) {
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? user->pw_name : "unknown";
}
